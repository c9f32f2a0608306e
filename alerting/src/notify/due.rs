//! Whether someone must be told of an alert now: one pure predicate, and its note on the alert.

use plimsoll_storage::TimestampMs;

use crate::records::alerts::Alert;
use crate::records::delivery::Action;

/// What is due to be said about the alert at this moment. `held_back` keeps a trigger or escalation
/// until a mute ends, and a resolve until the message that the alert began ends as a whole.
pub(crate) fn due(alert: &Alert, held_back: bool, at: TimestampMs) -> Option<Action> {
    if held_back {
        return None;
    }
    if !alert.is_open() {
        let untold = alert.paged.is_some() && alert.resolve_sent_at.is_none();
        return untold.then_some(Action::Resolve);
    }
    match (alert.paged, alert.resolve_sent_at) {
        (None, _) => Some(Action::Trigger),
        (Some(paged), _) if paged < alert.severity => Some(Action::Escalate),
        // History was judged again, and the alert lasts longer than it was said to.
        (Some(_), Some(resolved_at)) if at > resolved_at => Some(Action::Trigger),
        (Some(_), _) => None,
    }
}

/// Notes on the alert what was said.
pub(crate) fn note(alert: &mut Alert, action: Action, at: TimestampMs) {
    match action {
        Action::Trigger | Action::Escalate => {
            alert.paged = alert.paged.max(Some(alert.severity));
            alert.resolve_sent_at = None;
        }
        Action::Resolve => alert.resolve_sent_at = Some(at),
        Action::Acknowledge | Action::Update | Action::Change => {}
    }
}

#[cfg(test)]
mod tests;
