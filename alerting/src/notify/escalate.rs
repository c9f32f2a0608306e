//! Escalation: when nobody has acknowledged a message for a while, the next one is told of it. Pure.

use plimsoll_storage::TimestampMs;

use crate::records::alerts::Alert;
use crate::rule::Receiver;

/// Who is told next of an alert that nobody has acknowledged, and for how long those before them have
/// known, in ms. Each receiver names who comes after it, so it goes on from one to the next.
pub(crate) fn due<'a>(
    alert: &Alert,
    receivers: &'a [Receiver],
    at: TimestampMs,
) -> Vec<(&'a Receiver, i64)> {
    let named = |name: &str| receivers.iter().find(|receiver| receiver.name == name);
    let is_told = |name: &str| alert.receivers.iter().any(|told| told.receiver == name);
    let mut due: Vec<(&Receiver, i64)> = Vec::new();
    for told in &alert.receivers {
        let Some(next) = named(&told.receiver).and_then(|it| it.escalate.as_ref()) else {
            continue;
        };
        let is_over = at.since_ms(told.told_at) >= next.after_ms;
        let is_new = !is_told(&next.to) && due.iter().all(|(known, _)| known.name != next.to);
        if is_over && is_new {
            due.extend(named(&next.to).map(|receiver| (receiver, next.after_ms)));
        }
    }
    due
}

#[cfg(test)]
mod tests;
