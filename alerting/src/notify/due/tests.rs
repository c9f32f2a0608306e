use super::*;
use crate::rule::Severity;
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
fn what_is_held_back_is_due_once_it_no_longer_is() {
    let mut alert = alert();
    assert_eq!(due(&alert, true, AT), None);
    assert_eq!(due(&alert, false, AT), Some(Action::Trigger));
    note(&mut alert, Action::Trigger, AT);
    alert.resolved_at = Some(AT);
    assert_eq!(due(&alert, true, AT), None);
    assert_eq!(due(&alert, false, AT), Some(Action::Resolve));
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
