//! Escalation from one receiver to the next when nobody acknowledges an alert.

use plimsoll_storage::TimestampMs;

use crate::records::notify_status::NotifiedReceiver;
use crate::rule::Receiver;

/// A receiver that is notified next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NextReceiver<'a> {
    pub(crate) receiver: &'a Receiver,
    /// How long the receiver before it had to acknowledge, in ms.
    pub(crate) after_ms: i64,
}

/// The receivers that are due at `at` for an alert that nobody has acknowledged. Each receiver names the
/// one that follows it.
pub(crate) fn due<'a>(
    notified: &[NotifiedReceiver],
    receivers: &'a [Receiver],
    at: TimestampMs,
) -> Vec<NextReceiver<'a>> {
    let named = |name: &str| receivers.iter().find(|receiver| receiver.name == name);
    let is_notified = |name: &str| notified.iter().any(|it| it.receiver == name);
    let mut due: Vec<NextReceiver<'_>> = Vec::new();
    for known in notified {
        let Some(next) = named(&known.receiver).and_then(|it| it.escalate.as_ref()) else {
            continue;
        };
        let is_over = at.since_ms(known.notified_at) >= next.after_ms;
        let is_new = !is_notified(&next.to) && due.iter().all(|it| it.receiver.name != next.to);
        if is_over && is_new {
            let next_receiver = named(&next.to);
            due.extend(
                next_receiver.map(|receiver| NextReceiver { receiver, after_ms: next.after_ms }),
            );
        }
    }
    due
}

#[cfg(test)]
mod tests;
