//! The heartbeat: requests an outside monitor each minute, only while rules are evaluated and notifications
//! are delivered. The monitor raises an alarm when the requests stop, so a server that can no longer do its
//! work, or no longer runs, is noticed.

use std::time::Duration;

use plimsoll_alerting::HeartbeatTarget;

use super::App;
use super::stop::{Stop, Ticks, stopped};
use crate::clock;
use crate::self_metrics::Metrics;

/// How often the monitor is requested, in ms.
const HEARTBEAT_EVERY_MS: i64 = 60_000;
/// How often it is checked whether a request is due.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// Sends heartbeats until the server stops.
pub(crate) async fn send_heartbeats(app: App, target: HeartbeatTarget, stop: Stop) {
    let mut ticks = Ticks::new(CHECK_EVERY, stop);
    let mut last = LastHeartbeat::default();
    while ticks.next().await {
        let passed_ms = clock::reading().passed_ms;
        // Before the first slot is evaluated nothing shows that the server works.
        if !last.is_due(passed_ms) || app.progress.evaluated_until().is_none() {
            continue;
        }
        let danger = app.health().alerts_endangered_by().map(str::to_owned);
        let missed = if let Some(reason) = danger {
            // The monitor is requested as soon as the server works again, not a minute later.
            Some(Missed::Withheld(reason))
        } else {
            last.sent_at_ms = Some(passed_ms);
            let error = tokio::select! {
                sent = target.send() => sent.err(),
                () = stopped(ticks.stop.clone()) => return,
            };
            let Metrics { heartbeats_sent, heartbeats_failed, .. } = &*app.metrics;
            if error.is_none() { heartbeats_sent } else { heartbeats_failed }.inc();
            error.map(Missed::Failed)
        };
        last.log_change(missed);
    }
}

/// Why there was no heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Missed {
    /// The server does not do its work.
    Withheld(String),
    /// The monitor was not reached.
    Failed(String),
}

/// What is known of the heartbeats before.
#[derive(Debug, Default)]
struct LastHeartbeat {
    /// When the last one was sent, by the time that passes.
    sent_at_ms: Option<i64>,
    missed: Option<Missed>,
}

impl LastHeartbeat {
    fn is_due(&self, passed_ms: i64) -> bool {
        self.sent_at_ms.is_none_or(|sent_at_ms| passed_ms - sent_at_ms >= HEARTBEAT_EVERY_MS)
    }

    /// Logs when heartbeats stop or go on, and when the kind of the reason changes.
    fn log_change(&mut self, missed: Option<Missed>) {
        let kind = |it: &Option<Missed>| it.as_ref().map(std::mem::discriminant);
        if kind(&missed) != kind(&self.missed) {
            match &missed {
                None => tracing::info!("heartbeats are sent again"),
                Some(Missed::Withheld(reason)) => {
                    tracing::error!(reason, "no heartbeat is sent until this ends");
                }
                Some(Missed::Failed(reason)) => tracing::warn!(
                    reason,
                    "the monitor of the heartbeat did not answer with success; check setting `heartbeat`"
                ),
            }
        }
        self.missed = missed;
    }
}

#[cfg(test)]
mod tests;
