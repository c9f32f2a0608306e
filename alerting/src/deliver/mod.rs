//! Delivery: takes notifications from the outbox to their receivers, at least once and in order.
//!
//! Each receiver has a lane of its own, so a slow one holds up nobody else. A receiver module only
//! builds a request and reads the answer; the lane owns waiting and retrying.

mod backoff;
mod guard;
mod http;
mod lane;
mod pagerduty;
mod settle;
mod text;
mod verdict;
mod webhook;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use plimsoll_storage::{Store, Table, TableBatch, TimestampMs};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::lane::Lane;
use crate::error::{Error, Result};
use crate::ledger::{self, DeadReason};
use crate::outbox;
use crate::rule::{Receiver, RuleSet, SignalKind};

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

/// Delivers what is in the outbox of a store. One at a time may run on a store.
pub struct Notifier {
    store: Arc<Store>,
    lanes: Vec<Lane>,
    names: Vec<String>,
    now: Clock,
    pulse: watch::Sender<Pulse>,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("receivers", &self.names).finish_non_exhaustive()
    }
}

impl Notifier {
    /// A lane for each receiver of the rule set. With `allow_private`, receivers may be at loopback
    /// and private addresses.
    ///
    /// # Errors
    /// When a receiver's address is a private one and that is not allowed, or the HTTP client cannot
    /// be set up.
    pub fn new(
        store: Arc<Store>,
        rules: &RuleSet,
        now: Clock,
        allow_private: bool,
    ) -> Result<Self> {
        let pulse = watch::Sender::new(Pulse::default());
        let mut lanes = Vec::new();
        if !rules.receivers.is_empty() {
            let client = http::client(allow_private)?;
            for receiver in &rules.receivers {
                check_address(receiver, allow_private)?;
                let (store, now) = (Arc::clone(&store), Arc::clone(&now));
                lanes.push(Lane::new(
                    store,
                    receiver.clone(),
                    client.clone(),
                    now,
                    pulse.subscribe(),
                ));
            }
        }
        let names = rules.receivers.iter().map(|receiver| receiver.name.clone()).collect();
        Ok(Self { store, lanes, names, now, pulse })
    }

    /// A handle that wakes the notifier.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(self.pulse.clone())
    }

    /// Delivers until `shutdown` is ready, then lets sends under way finish: that takes at most
    /// [`crate::limits::SEND_TIMEOUT_MS`]. What is not delivered stays in the outbox.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        if let Err(error) = self.give_up_orphans() {
            tracing::error!(%error, "the outbox could not be searched for removed receivers");
        }
        let mut lanes = JoinSet::new();
        for lane in self.lanes {
            lanes.spawn(lane.run());
        }
        shutdown.await;
        self.pulse.send_modify(|pulse| pulse.stop = true);
        while let Some(ended) = lanes.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a delivery lane ended badly");
            }
        }
    }

    /// Notifications for receivers that the rules file no longer has can never leave: they go to
    /// the dead letters, where they can be seen.
    fn give_up_orphans(&self) -> Result<()> {
        let mut orphans = Vec::new();
        outbox::for_each(&self.store, &[], |(key, value)| {
            if !self.names.contains(&outbox::receiver_of(&key)) {
                orphans.push((key, value));
            }
        })?;
        let now = (self.now)();
        for (key, value) in orphans {
            let notice = match outbox::decode(&value) {
                Ok(notice) => notice,
                Err(error) => {
                    tracing::error!(%error, "a notification is left in the outbox");
                    continue;
                }
            };
            tracing::error!(
                receiver = notice.receiver,
                alert = notice.alert.id,
                action = notice.action.as_str(),
                "a notification was given up: its receiver was removed from the rules file"
            );
            let mut batch = TableBatch::default();
            batch.delete(Table::Outbox, &key);
            let detail = "the rules file no longer has it".to_owned();
            ledger::gave_up(&mut batch, notice, DeadReason::ReceiverRemoved, detail, now);
            self.store.commit(batch)?;
        }
        Ok(())
    }
}

fn check_address(receiver: &Receiver, allow_private: bool) -> Result<()> {
    match guard::private_literal(receiver.target.url()) {
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
