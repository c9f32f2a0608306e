use super::*;
use crate::report::score::ScoredNotification;

/// Midnight of the first scored day.
const FROM_S: i64 = 1_773_014_400;

/// Minutes of the first scored day, in ms.
fn minute(minutes: i64) -> i64 {
    FROM_S * 1_000 + minutes * MINUTE_MS
}

fn incident(id: &str, kind: &str, partner: &str, minutes: std::ops::Range<i64>) -> Incident {
    Incident {
        id: id.into(),
        kind: kind.into(),
        incident: true,
        must_notify: true,
        partners: vec![partner.into()],
        start: minute(minutes.start),
        onset: None,
        end: minute(minutes.end),
    }
}

/// Two partners over a fortnight.
const SCORED: Scored =
    Scored { from: FROM_S * 1_000, end: (FROM_S + 14 * 86_400) * 1_000, partners: 2 };

/// An alert with these notifications: actions and minutes.
fn alert(partner: &str, actions: &[(Action, i64)]) -> ScoredAlert {
    let notifications = actions.iter().map(|(action, minutes)| ScoredNotification {
        at: minute(*minutes),
        action: *action,
        group: partner.into(),
    });
    let fired_at = minute(actions.first().map_or(0, |first| first.1));
    let notifications = notifications.collect();
    ScoredAlert { rule: "r".into(), partner: partner.into(), fired_at, notifications }
}

#[test]
fn a_notification_within_an_incident_finds_it_and_any_other_is_false() {
    let incidents = [
        incident("A", "outage", "dhl", 100..160),
        incident("B", "outage", "ups", 100..160),
        Incident { incident: false, must_notify: false, ..incident("N", "blip", "ups", 300..302) },
    ];
    let alerts = [
        alert("dhl", &[(Action::Trigger, 104), (Action::Trigger, 130), (Action::Resolve, 170)]),
        alert("dhl", &[(Action::Trigger, 191)]),
        alert("ups", &[(Action::Trigger, 301), (Action::Resolve, 310)]),
        alert("ups", &[(Action::Trigger, -5)]),
    ];
    let score = score(&alerts, &incidents, SCORED);
    let expected = FoundIncident {
        id: "A".into(),
        kind: "outage".into(),
        detected_after_ms: 4 * MINUTE_MS,
        notifications: 2,
        resolve_lag_ms: Some(10 * MINUTE_MS),
    };
    assert_eq!(score.found, [expected]);
    assert_eq!(score.missed, [("B".to_owned(), "outage".to_owned())]);
    assert_eq!(
        (score.true_notifications, score.false_notifications.len()),
        (2, 2),
        "before the start nothing counts"
    );
    let during: Vec<Option<&str>> =
        score.false_notifications.iter().map(|it| it.during.as_deref()).collect();
    assert_eq!(during, [None, Some("blip")]);
    assert!(
        (score.recall().unwrap_or(0.0) - 0.5).abs() < 1e-9
            && (score.precision().unwrap_or(0.0) - 0.5).abs() < 1e-9
    );
    assert!((score.partner_weeks - 4.0).abs() < 1e-9);
    assert_eq!(score.flaps, 1, "dhl is notified 21 minutes after its resolve");
}

#[test]
fn a_grouped_alert_finds_a_warning_but_no_incident_that_must_notify() {
    let warning = Incident { must_notify: false, ..incident("W", "slow", "dhl", 0..60) };
    let incidents = [warning, incident("A", "outage", "ups", 0..60)];
    let mut grouped =
        [alert("dhl", &[(Action::Escalate, 5)]), alert("ups", &[(Action::Escalate, 5)])];
    assert_eq!(score(&grouped, &incidents, SCORED).warnings, (1, 1));
    assert_eq!(score(&grouped, &incidents, SCORED).found, []);
    grouped[0] = alert("dhl", &[(Action::Trigger, 5)]);
    let notified = score(&grouped, &incidents, SCORED);
    assert_eq!(
        (
            notified.true_notifications,
            notified.neutral_notifications,
            notified.false_notifications.len()
        ),
        (0, 1, 0)
    );
}

#[test]
fn a_notification_belongs_to_an_open_incident_rather_than_to_one_that_has_ended() {
    let incidents =
        [incident("over", "outage", "dhl", 0..60), incident("new", "outage", "dhl", 70..90)];
    let alerts = [alert("dhl", &[(Action::Trigger, 3)]), alert("dhl", &[(Action::Trigger, 75)])];
    let found = score(&alerts, &incidents, SCORED).found;
    let counts: Vec<(&str, usize)> =
        found.iter().map(|it| (it.id.as_str(), it.notifications)).collect();
    assert_eq!(counts, [("over", 1), ("new", 1)]);
}

#[test]
fn two_receivers_at_once_count_once_and_a_notification_before_the_onset_has_no_delay() {
    let creeping = Incident { onset: Some(minute(40)), ..incident("A", "creep", "dhl", 0..60) };
    let incidents = [creeping];
    let alerts = [alert("dhl", &[(Action::Trigger, 30), (Action::Trigger, 30)])];
    let score = score(&alerts, &incidents, SCORED);
    let [found] = score.found.as_slice() else { panic!("{score:?}") };
    assert_eq!((found.notifications, found.detected_after_ms, found.resolve_lag_ms), (1, 0, None));
}

#[test]
fn quantiles_are_of_their_rank() {
    let values = || vec![4, 1, 3, 2];
    assert_eq!((quantile(values(), 0.5), quantile(values(), 0.95)), (Some(2), Some(4)));
    assert_eq!(quantile(Vec::new(), 0.5), None);
}
