use super::*;
use crate::records::alerts::NotifiedReceiver;
use crate::rule::{Escalation, Secret, SlackTarget, Target};
use crate::testing::alert;

fn receiver(name: &str, next: Option<(&str, i64)>) -> Receiver {
    let url = Secret::new(format!("https://{name}.example"));
    let mut receiver = Receiver::new(name.into(), Target::Slack(SlackTarget { url }));
    receiver.escalate = next.map(|(to, after_ms)| Escalation { to: to.into(), after_ms });
    receiver
}

#[test]
fn each_is_told_once_when_the_one_before_has_known_for_long_enough() {
    let receivers = [
        receiver("oncall", Some(("second", 100))),
        receiver("other", Some(("second", 500))),
        receiver("second", Some(("boss", 50))),
        receiver("boss", Some(("oncall", 1))),
    ];
    type Told<'a> = &'a [(&'a str, i64)];
    let table: [(Told<'_>, i64, &[&str]); 8] = [
        (&[], 1_000, &[]),
        (&[("oncall", 0)], 99, &[]),
        (&[("oncall", 0)], 100, &["second"]),
        (&[("oncall", 0), ("other", 0)], 600, &["second"]),
        (&[("oncall", 0), ("second", 100)], 149, &[]),
        (&[("oncall", 0), ("second", 100)], 150, &["boss"]),
        (&[("oncall", 0), ("second", 100), ("boss", 150)], 9_999, &[]),
        (&[("gone", 0)], 9_999, &[]),
    ];
    for (told, at, expected) in table {
        let mut alert = alert();
        let notified = |(name, at): &(&str, i64)| NotifiedReceiver {
            receiver: (*name).to_owned(),
            fingerprint: String::new(),
            told_at: TimestampMs(*at),
        };
        alert.receivers = told.iter().map(notified).collect();
        let due = due(&alert, &receivers, TimestampMs(at));
        let names: Vec<&str> = due.iter().map(|(next, _)| next.name.as_str()).collect();
        assert_eq!(names, expected, "{told:?} at {at}");
    }
}
