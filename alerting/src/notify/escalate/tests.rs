use super::*;
use crate::rule::{Escalation, Secret, SlackTarget, Target};

fn receiver(name: &str, next: Option<(&str, i64)>) -> Receiver {
    let url = Secret::new(format!("https://{name}.example"));
    let mut receiver = Receiver::new(name.into(), Target::Slack(SlackTarget { url }));
    receiver.escalate = next.map(|(to, after_ms)| Escalation { to: to.into(), after_ms });
    receiver
}

#[test]
fn each_receiver_is_due_once_when_the_one_before_had_its_time() {
    let receivers = [
        receiver("oncall", Some(("second", 100))),
        receiver("other", Some(("second", 500))),
        receiver("second", Some(("boss", 50))),
        receiver("boss", Some(("oncall", 1))),
    ];
    type Notified<'a> = &'a [(&'a str, i64)];
    let table: [(Notified<'_>, i64, &[&str]); 8] = [
        (&[], 1_000, &[]),
        (&[("oncall", 0)], 99, &[]),
        (&[("oncall", 0)], 100, &["second"]),
        (&[("oncall", 0), ("other", 0)], 600, &["second"]),
        (&[("oncall", 0), ("second", 100)], 149, &[]),
        (&[("oncall", 0), ("second", 100)], 150, &["boss"]),
        (&[("oncall", 0), ("second", 100), ("boss", 150)], 9_999, &[]),
        (&[("gone", 0)], 9_999, &[]),
    ];
    for (notified, at, expected) in table {
        let receiver = |(name, at): &(&str, i64)| NotifiedReceiver {
            receiver: (*name).to_owned(),
            fingerprint: String::new(),
            notified_at: TimestampMs(*at),
        };
        let known: Vec<NotifiedReceiver> = notified.iter().map(receiver).collect();
        let due = due(&known, &receivers, TimestampMs(at));
        let names: Vec<&str> = due.iter().map(|next| next.receiver.name.as_str()).collect();
        assert_eq!(names, expected, "{notified:?} at {at}");
    }
}
