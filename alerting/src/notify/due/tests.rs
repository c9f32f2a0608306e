use super::*;

const AT: TimestampMs = TimestampMs(9_000_000);
const CRITICAL: Severity = Severity::Critical;
const WARNING: Severity = Severity::Warning;

/// The status of an alert that was triggered at these severities.
fn triggered(severities: &[Severity]) -> NotifyStatus {
    let mut status = NotifyStatus::default();
    severities.iter().for_each(|severity| status.record_trigger(*severity));
    status
}

#[test]
fn an_alert_is_triggered_once_and_resolved_once() {
    assert_eq!(due(&triggered(&[]), CRITICAL, AT), Some(Action::Trigger));
    let mut status = triggered(&[CRITICAL]);
    assert_eq!(due(&status, CRITICAL, AT), None);
    assert!(status.is_resolve_due());
    status.record_resolve(AT);
    assert!(!status.is_resolve_due());
}

#[test]
fn only_a_severity_above_the_notified_one_escalates() {
    assert_eq!(due(&triggered(&[WARNING]), CRITICAL, AT), Some(Action::Escalate));
    let critical = triggered(&[WARNING, CRITICAL]);
    assert_eq!(due(&critical, WARNING, AT), None);
    assert_eq!(due(&critical, CRITICAL, AT), None);
}

#[test]
fn an_alert_that_was_never_notified_is_not_resolved() {
    assert!(!triggered(&[]).is_resolve_due());
}

#[test]
fn history_that_is_evaluated_again_triggers_only_beyond_the_known_end() {
    let mut status = triggered(&[CRITICAL]);
    status.record_resolve(AT);
    assert_eq!(due(&status, CRITICAL, AT), None);
    assert_eq!(due(&status, CRITICAL, AT.plus_ms(10_000)), Some(Action::Trigger));
}
