//! Delivery: takes what waits in the outbox to its receivers, at least once and in order.
//!
//! Each receiver has a [`lane`](lane::Lane) of its own, so a slow one holds up nobody else; its
//! documentation lists the stages that a delivery goes through. A receiver's module ([`pagerduty`],
//! [`webhook`], [`slack`], [`alertmanager`], [`email`]) only builds a request and reads the answer.
//! What can be decided without a socket or a store is pure: [`queue`], [`window`], [`breaker`],
//! [`coalesce`], [`backoff`].

mod alertmanager;
mod backoff;
mod board;
mod breaker;
mod coalesce;
mod courier;
mod desk;
mod email;
mod fit;
mod guard;
mod hand_over;
mod http;
mod lane;
mod pagerduty;
mod pagerduty_webhook;
mod queue;
mod send;
mod settle;
mod slack;
mod targets;
mod template;
mod text;
mod thread;
mod verdict;
mod webhook;
mod window;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_storage::{Store, TimestampMs};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::board::Board;
use self::courier::{Courier, give_up_all};
use self::lane::Lane;
use self::send::Sender;
use self::window::Window;
use crate::error::{Error, Result};
use crate::limits::LANE_POLL_MS;
use crate::records::delivery::DeadReason;
use crate::records::outbox;
use crate::rule::{Receiver, RuleSet, SignalKind};

pub use self::board::ReceiverStatus;
pub use self::desk::{Desk, ReplayRefusal, TestResult, WebhookRefusal, test_receiver};

/// Where the notifier reads the time.
pub type Clock = Arc<dyn Fn() -> TimestampMs + Send + Sync>;

/// What lanes are told: that the outbox may have changed, and that it is time to stop.
#[derive(Debug, Clone, Copy, Default)]
struct Pulse {
    wakes: u64,
    stop: bool,
}

/// Tells a running [`Notifier`] that the outbox may have new entries. Without it they are found a
/// second later.
#[derive(Debug, Clone)]
pub struct Waker(watch::Sender<Pulse>);

impl Waker {
    /// Wakes every lane.
    pub fn wake(&self) {
        self.0.send_modify(|pulse| pulse.wakes = pulse.wakes.wrapping_add(1));
    }
}

/// What all lanes share.
struct Post {
    store: Arc<Store>,
    /// Receivers may be at loopback and private addresses.
    allow_private: bool,
    now: Clock,
    board: Board,
    /// The receivers of the rules file.
    receivers: Vec<Receiver>,
    /// Every target that can be reached, of these receivers and of those they were before, by
    /// fingerprint.
    targets: BTreeMap<String, Receiver>,
}

impl Post {
    /// The target of a receiver of the rules file.
    fn fingerprint(&self, receiver: &str) -> Option<String> {
        self.receivers.iter().find(|known| known.name == receiver).map(Receiver::fingerprint)
    }
}

/// Delivers what is in the outbox of a store. One at a time may run on a store.
pub struct Notifier {
    post: Arc<Post>,
    lanes: Vec<Lane>,
    /// Names of the receivers that have a lane.
    names: Vec<String>,
    pulse: watch::Sender<Pulse>,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("receivers", &self.names).finish_non_exhaustive()
    }
}

impl Notifier {
    /// A lane for each receiver of the rule set, and for each that it had before and that can still
    /// be reached, so that alerts end there too. With `allow_private`, receivers may be at loopback
    /// and private addresses. `env` is where secrets of former receivers are looked for.
    ///
    /// # Errors
    /// When a receiver's address is a private one and that is not allowed, the store cannot be read,
    /// or the HTTP client cannot be set up.
    pub fn new(
        store: Arc<Store>,
        rules: &RuleSet,
        now: Clock,
        allow_private: bool,
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Self> {
        for receiver in &rules.receivers {
            check_address(receiver, allow_private)?;
        }
        targets::remember(&store, &rules.receivers)?;
        let mut former = targets::recall(&store, &env)?;
        former.retain(|receiver| check_address(receiver, allow_private).is_ok());
        // A secret that is written out in the rules file is nowhere else.
        let known = former.iter().chain(&rules.receivers);
        let targets = known.map(|it| (it.fingerprint(), it.clone())).collect();
        former.retain(|receiver| rules.receiver(&receiver.name).is_none());
        let post = Arc::new(Post {
            store,
            allow_private,
            now,
            board: Board::default(),
            receivers: rules.receivers.clone(),
            targets,
        });
        let mut notifier =
            Self { post, lanes: Vec::new(), names: Vec::new(), pulse: watch::Sender::default() };
        notifier.open_lanes(&former)?;
        Ok(notifier)
    }

    /// Opens the lanes of the receivers of the rules file, and of those that it had before.
    fn open_lanes(&mut self, former: &[Receiver]) -> Result<()> {
        let post = Arc::clone(&self.post);
        if post.targets.is_empty() {
            // Setting up a client reads the certificates of the system.
            return Ok(());
        }
        let sender = Sender::new(post.allow_private)?;
        let disabled = board::disabled(&post.store)?;
        let current = post.receivers.iter().map(|receiver| (receiver, false));
        // Lanes that send to the same target share its rate limit.
        let mut windows: BTreeMap<String, Arc<Mutex<Window>>> = BTreeMap::new();
        for (receiver, is_retired) in current.chain(former.iter().map(|receiver| (receiver, true)))
        {
            if self.names.contains(&receiver.name) {
                continue;
            }
            let fingerprint = receiver.fingerprint();
            if !is_retired {
                let disabled = disabled.get(&fingerprint).cloned();
                post.board.open(&receiver.name, receiver.target.kind(), disabled);
            }
            let window = windows
                .entry(fingerprint)
                .or_insert_with(|| Arc::new(Mutex::new(Window::new(receiver.rate))));
            let (post, sender) = (Arc::clone(&post), sender.clone());
            let courier = Courier { post, receiver: receiver.clone(), sender, is_retired };
            self.names.push(receiver.name.clone());
            self.lanes.push(Lane::new(courier, Arc::clone(window), self.pulse.subscribe()));
        }
        Ok(())
    }

    /// A handle that wakes the notifier.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(self.pulse.clone())
    }

    /// What others may ask of the notifier.
    #[must_use]
    pub fn desk(&self) -> Desk {
        Desk::new(Arc::clone(&self.post), self.waker())
    }

    /// Delivers until `shutdown` is ready, then lets sends under way finish: that takes at most
    /// [`crate::limits::SEND_TIMEOUT_MS`]. What is not delivered stays in the outbox.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let mut lanes = JoinSet::new();
        for lane in self.lanes {
            lanes.spawn(lane.run());
        }
        let sweep = give_up_orphans(&self.post, &self.names, self.pulse.subscribe());
        tokio::select! {
            () = shutdown => {}
            () = sweep => {}
        }
        self.pulse.send_modify(|pulse| pulse.stop = true);
        while let Some(ended) = lanes.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a delivery lane ended badly");
            }
        }
    }
}

const REMOVED: &str =
    "the rules file no longer has it, and its address or key is not where it was read";

/// Deliveries for receivers that no lane serves can never leave: they go to the dead letters, where
/// they can be seen. Looks whenever the outbox may have changed, at most once a second.
async fn give_up_orphans(post: &Arc<Post>, names: &[String], mut pulse: watch::Receiver<Pulse>) {
    loop {
        pulse.mark_unchanged();
        let orphaned = outbox::receivers(&post.store);
        let given_up = orphaned.and_then(|waiting| {
            let mut orphans = waiting.into_iter().filter(|name| !names.contains(name));
            let reason = DeadReason::ReceiverRemoved;
            orphans.try_for_each(|name| give_up_all(post, &name, reason, REMOVED))
        });
        if let Err(error) = given_up {
            tracing::error!(%error, "the outbox could not be searched for removed receivers");
        }
        tokio::time::sleep(Duration::from_millis(LANE_POLL_MS.unsigned_abs())).await;
        if pulse.changed().await.is_err() {
            return;
        }
    }
}

fn check_address(receiver: &Receiver, allow_private: bool) -> Result<()> {
    match guard::private_literal(&receiver.target) {
        Some(host) if !allow_private => {
            Err(Error::PrivateReceiver { receiver: receiver.name.clone(), host })
        }
        _ => Ok(()),
    }
}

/// A wire body as JSON.
fn json(body: &impl serde::Serialize) -> String {
    // Strings, numbers and string-keyed maps always serialize.
    serde_json::to_string(body).unwrap_or_default()
}

/// The unit of a signal's values on the wire.
const fn unit(signal: SignalKind) -> &'static str {
    match signal {
        SignalKind::Ratio | SignalKind::Drop => "fraction",
        SignalKind::Latency | SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
            "seconds"
        }
        SignalKind::Gauge => "level",
        SignalKind::Burn => "times",
    }
}
