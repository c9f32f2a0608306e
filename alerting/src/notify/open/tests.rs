use super::*;
use crate::engine::{Detection, Firing};
use crate::rule::NotifyPolicy;
use crate::testing::rule;

fn labels(values: &[(Label, &str)]) -> GroupLabels {
    GroupLabels::new(values.iter().map(|(label, value)| (*label, (*value).to_owned())))
}

#[test]
fn an_alert_is_open_in_its_period_on_labels_that_hold_all_of_its_own() {
    let mut open = OpenAlerts::default();
    let dhl = labels(&[(Label::Partner, "dhl")]);
    open.add("parent", &dhl, TimestampMs(10), Some(TimestampMs(20)));
    open.add("parent", &dhl, TimestampMs(30), None);
    let part = labels(&[(Label::Partner, "dhl"), (Label::Site, "ams1")]);
    let table = [
        ("parent", &dhl, 9, false),
        ("parent", &dhl, 10, true),
        ("parent", &part, 19, true),
        ("parent", &dhl, 20, false),
        ("parent", &part, 31, true),
        ("other", &dhl, 31, false),
    ];
    for (rule, labels, at, expected) in table {
        let found = open.any_within(&[rule.to_owned()], labels, TimestampMs(at));
        assert_eq!(found, expected, "{rule} {labels:?} at {at}");
    }
    let ups = labels(&[(Label::Partner, "ups")]);
    assert!(!open.any_within(&["parent".to_owned()], &ups, TimestampMs(31)));
    assert!(!open.any_within(&["parent".to_owned()], &GroupLabels::default(), TimestampMs(31)));
}

#[test]
fn it_follows_the_evaluations_of_slots() {
    let mut rules = RuleSet { rules: vec![rule("parent")], ..RuleSet::default() };
    let dhl = labels(&[(Label::Partner, "dhl")]);
    let evaluation = |state| Evaluation {
        rule: 0,
        labels: dhl.clone(),
        before: AlertState::Inactive,
        state,
        transition: None,
        evidence: None,
        comparison: None,
        detection: Detection::default(),
    };
    let firing = AlertState::Firing(Firing {
        since: TimestampMs(10),
        fired_at: TimestampMs(20),
        severity: Severity::Warning,
        clear_since: None,
        moved_since: None,
    });
    let names = ["parent".to_owned()];
    let mut open = OpenAlerts::default();
    let mut is_open = |rules: &RuleSet, state, at: i64| {
        open.update(rules, &[evaluation(state)]);
        open.any_within(&names, &dhl, TimestampMs(at))
    };
    assert!(!is_open(&rules, AlertState::Pending { since: TimestampMs(10) }, 10));
    assert!(is_open(&rules, firing, 20));
    assert!(is_open(&rules, firing, 30));
    assert!(!is_open(&rules, AlertState::Inactive, 40));
    // While nobody is notified of an alert it mutes no other.
    let policy = rules.rules[0].notify_policy;
    rules.rules[0].notify_policy.mode = RuleMode::Shadow;
    assert!(!is_open(&rules, firing, 50));
    rules.rules[0].notify_policy = NotifyPolicy { from: Severity::Critical, ..policy };
    assert!(!is_open(&rules, firing, 60), "it is a warning");
    rules.rules[0].notify_policy = policy;
    assert!(is_open(&rules, firing, 70));
}
