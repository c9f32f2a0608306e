//! Delivery: sends what waits in the outbox to its receivers, at least once and in order.
//!
//! Each receiver has a [`lane`] of its own, so a slow receiver does not delay the others. A lane reads
//! the outbox, picks what is sent next ([`schedule`], pure), makes the attempt and writes its outcome in
//! one commit. The kinds of receivers are in [`receivers`]; only [`transport`], which sends, and [`shown`],
//! which shows what would be sent, know them.

mod acknowledge;
mod context;
mod control;
mod exchange;
mod heartbeat;
mod lane;
mod notifier;
mod receivers;
mod schedule;
mod shown;
mod status;
mod targets;
mod transport;

pub use self::acknowledge::AcknowledgeResult;
pub use self::context::{Clock, ClockReading, Waker};
pub use self::control::{DeliveryControl, ReplayDenied, TestResult, WebhookError, test_receiver};
pub use self::heartbeat::HeartbeatTarget;
pub use self::notifier::Notifier;
pub use self::shown::{ShownMessage, delivery_of, delivery_of_drill, show};
pub use self::status::ReceiverStatus;

/// Reads the body of a PagerDuty webhook, for the fuzz target.
#[cfg(fuzzing)]
pub(crate) fn fuzz_webhook(body: &[u8]) {
    let _ = acknowledge::pagerduty_webhook::read(body);
}
