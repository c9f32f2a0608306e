use std::collections::BTreeSet;

use super::*;
use crate::message::summary::summary;
use crate::rule::{Target, WebhookTarget};

/// 2026-11-20T17:56:00Z
const AT: TimestampMs = TimestampMs(1_795_197_360_000);

fn receiver() -> Receiver {
    Receiver::new("oncall".into(), Target::Webhook(WebhookTarget::default()))
}

fn of(cause: Cause) -> Delivery {
    sample(cause, &receiver(), "https://plimsoll.example", AT)
}

#[test]
fn the_rules_of_the_samples_are_valid_and_each_sample_has_its_rule() {
    let rules = RuleSet::parse(RULES, &|_| None, Path::new("")).unwrap();
    for cause in Cause::ALL {
        assert_eq!(Cause::parse(cause.as_str()), Some(cause));
        let delivery = of(cause);
        let is_gone = cause == Cause::RuleRemoved || delivery.alert.is_notice();
        assert_eq!(rules.rule(&delivery.alert.rule).is_none(), is_gone, "{cause:?}");
    }
    assert_eq!(Cause::parse("failed"), None);
}

#[test]
fn a_summary_says_who_what_where_since_when_how_bad_and_what_to_do_first() {
    let mut different = BTreeSet::new();
    for cause in Cause::ALL {
        let delivery = of(cause);
        let line = summary(&delivery);
        println!("{:14} {:3} {line}", cause.as_str(), line.chars().count());
        different.insert(line.clone());
        if delivery.alert.is_notice() {
            continue;
        }
        assert!(line.starts_with(&delivery.content.who), "{cause:?}: {line}");
        assert!(!line.contains('+'), "class algebra, {cause:?}: {line}");
        assert!(line.chars().any(|c| c.is_ascii_digit()), "{cause:?}: {line}");
        if delivery.alert.is_open() {
            let since = line.find("since ").expect("a time");
            let step = line.find(". First: ").expect("a first step");
            assert!(since < step && line.chars().count() <= 200, "{cause:?}: {line}");
        } else {
            assert!(line.contains("after 42m") && line.contains("worst 41%"), "{cause:?}: {line}");
            assert!(line.contains("412 of 3,120"), "{cause:?}: {line}");
        }
    }
    assert_eq!(different.len(), Cause::ALL.len(), "each cause reads differently");
}

#[test]
fn a_test_with_a_sample_is_marked_and_has_the_key_of_no_alert() {
    let real = of(Cause::Failing);
    let [trigger, resolve] = test(Cause::Failing, &receiver(), "https://plimsoll.example", AT);
    assert!(summary(&trigger).starts_with("Test: dhl create_label at ams1"));
    assert_eq!((trigger.action, resolve.action), (Action::Trigger, Action::Resolve));
    assert_eq!(trigger.alert.dedup_key(), resolve.alert.dedup_key());
    assert_ne!(trigger.alert.dedup_key(), real.alert.dedup_key());
    assert_ne!(trigger.id, resolve.id);
}
