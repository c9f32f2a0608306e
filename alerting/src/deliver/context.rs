//! What all lanes share: the store, the receivers and their targets, and the signal to wake and stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_storage::{Store, TimestampMs};
use tokio::sync::watch;

use super::exchange::guard;
use super::status::StatusTable;
use crate::error::{Error, Result};
use crate::rule::Receiver;

/// The wall clock, and how much time has passed, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// What the wall clock shows.
    pub now: TimestampMs,
    /// Milliseconds since some moment. No step of the wall clock changes it.
    pub passed_ms: i64,
}

/// Where the notifier reads the time.
pub type Clock = Arc<dyn Fn() -> ClockReading + Send + Sync>;

/// The signal to all lanes: the outbox may have changed, or it is time to stop.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LaneSignal {
    wakes: u64,
    pub(super) stop: bool,
}

/// Wakes a running [`Notifier`](super::Notifier) when the outbox may have new entries. Without it,
/// new entries are found within a second.
#[derive(Debug, Clone)]
pub struct Waker(pub(super) watch::Sender<LaneSignal>);

impl Waker {
    /// Wakes every lane.
    pub fn wake(&self) {
        self.0.send_modify(|signal| signal.wakes = signal.wakes.wrapping_add(1));
    }
}

/// What all lanes share.
pub(super) struct DeliveryContext {
    pub(super) store: Arc<Store>,
    /// Whether receivers may be at loopback and private addresses.
    pub(super) allow_private: bool,
    pub(super) clock: Clock,
    /// [`Self::run_ms`] less the time of the clock that has passed.
    pub(super) run_offset_ms: i64,
    pub(super) status: StatusTable,
    /// The receivers of the rules file.
    pub(super) receivers: Vec<Receiver>,
    /// Every reachable target, current and former, by fingerprint.
    pub(super) targets: BTreeMap<String, Receiver>,
}

impl DeliveryContext {
    pub(super) fn now(&self) -> TimestampMs {
        (self.clock)().now
    }

    /// For how long deliveries have been made from this store, in ms: downtime does not count. For how long
    /// a delivery has been tried is counted by it, because the wall clock may be set meanwhile.
    pub(super) fn run_ms(&self) -> i64 {
        self.run_offset_ms.saturating_add((self.clock)().passed_ms)
    }

    /// A receiver of the rules file.
    pub(super) fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }
}

/// Checks that a receiver's address is public, unless private ones are allowed.
pub(super) fn check_address(receiver: &Receiver, allow_private: bool) -> Result<()> {
    match guard::private_literal(&receiver.target) {
        Some(host) if !allow_private => {
            Err(Error::PrivateReceiver { receiver: receiver.name.clone(), host })
        }
        _ => Ok(()),
    }
}
