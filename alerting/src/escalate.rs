//! Escalation: when nobody has acknowledged a message for a while, the next one is told of it. Pure.

use plimsoll_storage::TimestampMs;

use crate::alerts::Alert;
use crate::rule::Receiver;

/// Who is told next of an alert that nobody has acknowledged, and for how long those before them have
/// known, in ms. Each receiver names who comes after it, so it goes on from one to the next.
pub(crate) fn due<'a>(
    alert: &Alert,
    receivers: &'a [Receiver],
    at: TimestampMs,
) -> Vec<(&'a Receiver, i64)> {
    let named = |name: &str| receivers.iter().find(|receiver| receiver.name == name);
    let is_told = |name: &str| alert.receivers.iter().any(|told| told.receiver == name);
    let mut due: Vec<(&Receiver, i64)> = Vec::new();
    for told in &alert.receivers {
        let Some(next) = named(&told.receiver).and_then(|it| it.escalate.as_ref()) else {
            continue;
        };
        let is_over = at.since_ms(told.told_at) >= next.after_ms;
        let is_new = !is_told(&next.to) && due.iter().all(|(known, _)| known.name != next.to);
        if is_over && is_new {
            due.extend(named(&next.to).map(|receiver| (receiver, next.after_ms)));
        }
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Notified;
    use crate::rule::{Escalation, Secret, Target};
    use crate::testing::alert;

    fn receiver(name: &str, next: Option<(&str, i64)>) -> Receiver {
        let url = Secret::new(format!("https://{name}.example"));
        let mut receiver = Receiver::new(name.into(), Target::Slack { url });
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
            let notified = |(name, at): &(&str, i64)| Notified {
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
}
