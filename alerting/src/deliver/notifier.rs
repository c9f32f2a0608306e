//! The notifier: one lane for each receiver, and the removal of deliveries that no lane serves.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_storage::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::context::{Clock, ClockReading, DeliveryContext, LaneSignal, Waker, check_address};
use super::control::DeliveryControl;
use super::lane::Lane;
use super::lane::sender::{Sender, give_up_all};
use super::schedule::rate_window::RateWindow;
use super::status::{self, StatusTable};
use super::targets;
use super::transport::Transport;
use crate::error::Result;
use crate::limits::LANE_POLL_MS;
use crate::records::checkpoint;
use crate::records::delivery::DeadReason;
use crate::records::outbox;
use crate::rule::{Receiver, RuleSet};

/// Why deliveries to a removed receiver become dead letters.
const RECEIVER_REMOVED: &str =
    "the rules file no longer has it, and its address or key is not where it was read";

/// Delivers what is in the outbox of a store. Only one may run on a store at a time.
pub struct Notifier {
    context: Arc<DeliveryContext>,
    lanes: Vec<Lane>,
    /// Names of the receivers that have a lane.
    names: Vec<String>,
    signal: watch::Sender<LaneSignal>,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("receivers", &self.names).finish_non_exhaustive()
    }
}

impl Notifier {
    /// Opens a lane for each receiver of the rule set, and for each former receiver that can still be
    /// reached, so that its open alerts are resolved there. With `allow_private`, receivers may be at
    /// loopback and private addresses. Secrets of former receivers are read through `env`.
    ///
    /// # Errors
    /// When a receiver's address is private and that is not allowed, the store cannot be read, or
    /// the HTTP client cannot be set up.
    pub fn new(
        store: Arc<Store>,
        rules: &RuleSet,
        clock: Clock,
        allow_private: bool,
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Self> {
        for receiver in &rules.receivers {
            check_address(receiver, allow_private)?;
        }
        targets::remember(&store, &rules.receivers)?;
        let mut former = targets::recall(&store, &env)?;
        former.retain(|receiver| check_address(receiver, allow_private).is_ok());
        // A secret written in the rules file cannot be recalled: the current receivers come last.
        let known = former.iter().chain(&rules.receivers);
        let targets = known.map(|it| (it.fingerprint(), it.clone())).collect();
        former.retain(|receiver| rules.receiver(&receiver.name).is_none());
        let ClockReading { now, passed_ms } = clock();
        // It begins at the time of the clock, so that no attempt on record is ahead of it.
        let run_ms = checkpoint::DELIVERY_RUN_MS.load(&store)?.unwrap_or(now.0);
        let context = Arc::new(DeliveryContext {
            store,
            allow_private,
            clock,
            run_offset_ms: run_ms.saturating_sub(passed_ms),
            status: StatusTable::default(),
            receivers: rules.receivers.clone(),
            targets,
        });
        let mut notifier = Self {
            context,
            lanes: Vec::new(),
            names: Vec::new(),
            signal: watch::Sender::default(),
        };
        notifier.open_lanes(&former)?;
        Ok(notifier)
    }

    /// Opens the lanes of the current and the former receivers.
    fn open_lanes(&mut self, former: &[Receiver]) -> Result<()> {
        let context = Arc::clone(&self.context);
        if context.targets.is_empty() {
            // Setting up a client reads the certificates of the system.
            return Ok(());
        }
        let transport = Transport::new(context.allow_private)?;
        let disabled = status::disabled(&context.store)?;
        let current = context.receivers.iter().map(|receiver| (receiver, false));
        let former = former.iter().map(|receiver| (receiver, true));
        // Lanes that send to the same target share its rate limit.
        let mut windows: BTreeMap<String, Arc<Mutex<RateWindow>>> = BTreeMap::new();
        for (receiver, is_former) in current.chain(former) {
            if self.names.contains(&receiver.name) {
                continue;
            }
            let fingerprint = receiver.fingerprint();
            if !is_former {
                let disabled = disabled.get(&fingerprint).cloned();
                context.status.insert(&receiver.name, receiver.target.kind(), disabled);
            }
            let window = windows
                .entry(fingerprint)
                .or_insert_with(|| Arc::new(Mutex::new(RateWindow::new(receiver.rate))));
            let (context, transport) = (Arc::clone(&context), transport.clone());
            let sender = Sender { context, receiver: receiver.clone(), transport, is_former };
            self.names.push(receiver.name.clone());
            self.lanes.push(Lane::new(sender, Arc::clone(window), self.signal.subscribe()));
        }
        Ok(())
    }

    /// A handle that wakes the notifier.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(self.signal.clone())
    }

    /// A handle to the status, tests, replays and acknowledgements of this notifier.
    #[must_use]
    pub fn control(&self) -> DeliveryControl {
        DeliveryControl::new(Arc::clone(&self.context), self.waker())
    }

    /// Delivers until `shutdown` is ready, then waits for sends in flight: at most
    /// [`crate::limits::SEND_TIMEOUT_MS`]. What is not delivered stays in the outbox.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        let mut lanes = JoinSet::new();
        for lane in self.lanes {
            lanes.spawn(lane.run());
        }
        let orphans = give_up_orphans(&self.context, &self.names, self.signal.subscribe());
        tokio::select! {
            () = shutdown => {}
            () = orphans => {}
        }
        self.signal.send_modify(|signal| signal.stop = true);
        while let Some(ended) = lanes.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a delivery lane failed");
            }
        }
    }
}

/// Moves deliveries for receivers without a lane to the dead letters. Runs when the outbox may have
/// changed, at most once a second.
async fn give_up_orphans(
    context: &Arc<DeliveryContext>,
    names: &[String],
    mut signal: watch::Receiver<LaneSignal>,
) {
    loop {
        signal.mark_unchanged();
        let given_up = outbox::receivers(&context.store).and_then(|waiting| {
            let mut orphans = waiting.into_iter().filter(|name| !names.contains(name));
            let reason = DeadReason::ReceiverRemoved;
            orphans.try_for_each(|name| give_up_all(context, &name, reason, RECEIVER_REMOVED))
        });
        if let Err(error) = given_up {
            tracing::error!(%error, "the outbox could not be searched for removed receivers");
        }
        tokio::time::sleep(Duration::from_millis(LANE_POLL_MS.unsigned_abs())).await;
        if signal.changed().await.is_err() {
            return;
        }
    }
}
