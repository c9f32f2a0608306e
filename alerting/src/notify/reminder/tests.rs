use std::collections::BTreeSet;

use plimsoll_storage::Label;

use super::*;
use crate::labels::GroupLabels;
use crate::rule::{Period, Secret, SlackTarget, Target};
use crate::testing::rule;

const HOUR_MS: i64 = 3_600_000;

fn minute(minute: i64) -> TimestampMs {
    TimestampMs(1_795_204_800_000 + minute * 60_000)
}

fn rules() -> RuleSet {
    let receiver = |name: &str| {
        let url = Secret::new(format!("https://{name}.example"));
        Receiver::new(name.into(), Target::Slack(SlackTarget { url }))
    };
    let receivers = ["oncall", "other"].map(receiver).to_vec();
    RuleSet { receivers, rules: vec![rule("r")], ..RuleSet::default() }
}

fn silence() -> Silence {
    let silence = Silence {
        id: String::new(),
        matches: BTreeMap::from([(Label::Partner, BTreeSet::from(["dhl".to_owned()]))]),
        rule: None,
        period: Period { start: minute(0), end: minute(0).plus_ms(HOUR_MS), weekly: None },
        author: "ann".into(),
        reason: "vendor call".into(),
        created_at: minute(0),
    };
    silence.with_id()
}

fn alert(partner: &str) -> AlertKey {
    ("r".into(), GroupLabels::new([(Label::Partner, partner.to_owned())]))
}

#[test]
fn a_silence_reminds_once_before_its_end_of_what_it_holds_back() {
    let (rules, silences) = (rules(), [silence()]);
    let (dhl, ups) = (alert("dhl"), alert("ups"));
    let mut reminders = Reminders::default();
    let mut told = |at, held: &[&AlertKey]| {
        let told = reminders.follow(&rules, &silences, held, minute(at));
        told.into_iter().map(|(action, notice)| (action, notice.symptom)).collect::<Vec<_>>()
    };
    assert_eq!(told(44, &[&dhl]), []);
    assert_eq!(told(45, &[&ups]), [], "it holds nothing back");
    let line = "The silence of partner dhl by ann (vendor call) ends at 2026-11-20T21:00:00Z \
                    and still holds back: r of dhl";
    assert_eq!(told(46, &[&dhl, &ups]), [(Action::Trigger, line.to_owned())]);
    assert_eq!(told(47, &[&dhl]), []);
    assert_eq!(told(60, &[]), [(Action::Resolve, format!("{line}: it has ended"))]);
    assert_eq!(told(61, &[]), []);
}

#[test]
fn only_who_would_have_been_told_is_reminded_and_an_early_end_ends_it() {
    let (rules, mut silences) = (rules(), [silence()]);
    let dhl = alert("dhl");
    let mut reminders = Reminders::default();
    let told = reminders.follow(&rules, &silences, &[&dhl], minute(50));
    let receivers: Vec<&str> =
        told[0].1.receivers.iter().map(|told| told.receiver.as_str()).collect();
    assert_eq!(receivers, ["oncall"]);
    assert!(told[0].1.is_notice());
    silences[0].period.end = minute(52);
    let told = reminders.follow(&rules, &silences, &[&dhl], minute(52));
    assert_eq!((told.len(), told[0].0), (1, Action::Resolve));
    assert!(reminders.is_empty());
}
