//! How background tasks learn that the server stops.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Becomes `true` when the server stops.
pub(crate) type Stop = watch::Receiver<bool>;

/// Waits until the server stops.
pub(super) async fn stopped(mut stop: Stop) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Ticks at an interval until the server stops.
pub(super) struct Ticks {
    interval: Interval,
    pub(super) stop: Stop,
}

impl Ticks {
    pub(super) fn new(every: Duration, stop: Stop) -> Self {
        let mut interval = interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { interval, stop }
    }

    /// Waits for the next tick; `false` when the server stops.
    pub(super) async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.interval.tick() => true,
            () = stopped(self.stop.clone()) => false,
        }
    }
}
