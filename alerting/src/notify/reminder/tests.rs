use plimsoll_storage::{Label, LabelMatchers};

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
        matches: LabelMatchers::any_of(Label::Partner, ["dhl"]),
        rule: None,
        period: Period { start: minute(0), end: minute(0).plus_ms(HOUR_MS), weekly: None },
        author: "ann".into(),
        reason: "vendor call".into(),
        created_at: minute(0),
    };
    silence.with_id()
}

fn labels(partner: &str) -> GroupLabels {
    GroupLabels::new([(Label::Partner, partner.to_owned())])
}

#[test]
fn a_silence_reminds_once_before_its_end_of_the_alerts_that_it_mutes() {
    let (rules, silences) = (rules(), [silence()]);
    let (dhl, ups) = (labels("dhl"), labels("ups"));
    let mut reminders = Reminders::default();
    let mut due = |at, silenced: &[&GroupLabels]| {
        let silenced: Vec<AlertKeyRef<'_>> = silenced.iter().map(|it| ("r", *it)).collect();
        let notices = reminders.update(&rules, &silences, &silenced, minute(at));
        notices.into_iter().map(|(action, notice)| (action, notice.symptom)).collect::<Vec<_>>()
    };
    assert_eq!(due(44, &[&dhl]), []);
    assert_eq!(due(45, &[&ups]), [], "it mutes nothing");
    let line = "The silence of partner dhl by ann (vendor call) ends at 2026-11-20T21:00:00Z \
                    and still holds back: r of dhl";
    assert_eq!(due(46, &[&dhl, &ups]), [(Action::Trigger, line.to_owned())]);
    assert_eq!(due(47, &[&dhl]), []);
    assert_eq!(due(60, &[]), [(Action::Resolve, format!("{line}: it has ended"))]);
    assert_eq!(due(61, &[]), []);
}

#[test]
fn only_receivers_of_the_muted_alerts_are_reminded_and_an_early_end_resolves() {
    let (rules, mut silences) = (rules(), [silence()]);
    let dhl = labels("dhl");
    let mut reminders = Reminders::default();
    let notices = reminders.update(&rules, &silences, &[("r", &dhl)], minute(50));
    let receivers: Vec<&str> =
        notices[0].1.notify.receivers.iter().map(|it| it.receiver.as_str()).collect();
    assert_eq!(receivers, ["oncall"]);
    assert!(notices[0].1.is_notice());
    silences[0].period.end = minute(52);
    let notices = reminders.update(&rules, &silences, &[("r", &dhl)], minute(52));
    assert_eq!((notices.len(), notices[0].0), (1, Action::Resolve));
    assert!(reminders.is_empty());
}

#[test]
fn a_silence_that_is_ended_by_hand_does_not_remind() {
    let (rules, mut silences) = (rules(), [silence()]);
    silences[0].period.end = minute(20);
    let dhl = labels("dhl");
    let mut reminders = Reminders::default();
    for at in [10, 16, 19, 20] {
        assert_eq!(reminders.update(&rules, &silences, &[("r", &dhl)], minute(at)), []);
    }
}
