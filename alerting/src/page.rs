//! Whether someone must be told of an alert now: one pure predicate, and its note on the alert.

use plimsoll_storage::TimestampMs;

use crate::alerts::Alert;
use crate::outbox::Action;

/// What is due to be said about the alert at this moment. A mute holds back triggers and
/// escalations, which become due once it ends; it never holds back a resolve.
pub(crate) fn due(alert: &Alert, muted: bool, at: TimestampMs) -> Option<Action> {
    if !alert.is_open() {
        let untold = alert.paged.is_some() && alert.resolve_sent_at.is_none();
        return untold.then_some(Action::Resolve);
    }
    if muted {
        return None;
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Severity;
    use crate::testing::alert;

    const AT: TimestampMs = TimestampMs(9_000_000);

    #[test]
    fn an_alert_is_told_once_and_its_end_once() {
        let mut alert = alert();
        assert_eq!(due(&alert, false, AT), Some(Action::Trigger));
        note(&mut alert, Action::Trigger, AT);
        assert_eq!(due(&alert, false, AT), None);
        alert.resolved_at = Some(AT);
        assert_eq!(due(&alert, false, AT), Some(Action::Resolve));
        note(&mut alert, Action::Resolve, AT);
        assert_eq!(due(&alert, false, AT), None);
    }

    #[test]
    fn only_a_higher_severity_than_was_told_is_told_again() {
        let mut alert = alert();
        alert.severity = Severity::Warning;
        note(&mut alert, Action::Trigger, AT);
        alert.severity = Severity::Critical;
        assert_eq!(due(&alert, false, AT), Some(Action::Escalate));
        note(&mut alert, Action::Escalate, AT);
        alert.severity = Severity::Warning;
        assert_eq!(due(&alert, false, AT), None);
        alert.severity = Severity::Critical;
        assert_eq!(due(&alert, false, AT), None);
    }

    #[test]
    fn a_mute_holds_back_the_trigger_and_never_the_resolve() {
        let mut alert = alert();
        assert_eq!(due(&alert, true, AT), None);
        note(&mut alert, Action::Trigger, AT);
        alert.resolved_at = Some(AT);
        assert_eq!(due(&alert, true, AT), Some(Action::Resolve));
    }

    #[test]
    fn nobody_hears_of_the_end_of_what_they_never_heard_of() {
        let mut alert = alert();
        alert.resolved_at = Some(AT);
        assert_eq!(due(&alert, false, AT), None);
    }

    #[test]
    fn history_judged_again_is_told_again_only_beyond_its_known_end() {
        let mut alert = alert();
        note(&mut alert, Action::Trigger, AT);
        note(&mut alert, Action::Resolve, AT);
        assert_eq!(due(&alert, false, AT), None);
        assert_eq!(due(&alert, false, AT.plus_ms(10_000)), Some(Action::Trigger));
    }
}
