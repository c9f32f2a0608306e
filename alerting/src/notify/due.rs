//! Which action on an open alert is due: one pure predicate.

use plimsoll_storage::TimestampMs;

use crate::records::delivery::Action;
use crate::records::notify_status::NotifyStatus;
use crate::rule::Severity;

/// The action that is due at `at` on an alert that is open at that severity; `status` says what was
/// notified before.
pub(crate) fn due(status: &NotifyStatus, severity: Severity, at: TimestampMs) -> Option<Action> {
    match (status.notified, status.resolve_sent_at) {
        (None, _) => Some(Action::Trigger),
        (Some(notified), _) if notified < severity => Some(Action::Escalate),
        // History was evaluated again, and the alert lasts longer than before.
        (Some(_), Some(resolved_at)) if at > resolved_at => Some(Action::Trigger),
        (Some(_), _) => None,
    }
}

#[cfg(test)]
mod tests;
