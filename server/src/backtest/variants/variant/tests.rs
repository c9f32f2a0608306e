use plimsoll_alerting::{
    Action, Evidence, Gate, GroupLabels, ReplayedNotification, Severity, SignalKind,
};
use plimsoll_storage::Label;

use super::*;

const MINUTE_MS: i64 = 60_000;
const VARIANT: Variant = Variant { threshold: 0.05, for_ms: 0 };

fn alert(partner: &str, fired: i64, resolved: Option<i64>) -> ReplayedAlert {
    let at = |minute: i64| TimestampMs(minute * MINUTE_MS);
    let notification = |receiver: &str| ReplayedNotification {
        at: at(fired),
        action: Action::Trigger,
        receiver: receiver.into(),
        group: partner.into(),
    };
    ReplayedAlert {
        rule: "r".into(),
        signal: SignalKind::Ratio,
        severity: Severity::Critical,
        labels: GroupLabels::new([(Label::Partner, partner.to_owned())]),
        pending_at: at(fired),
        fired_at: at(fired),
        resolved_at: resolved.map(at),
        peak: Evidence {
            value: 0.2,
            count: 9,
            lower: 0.1,
            upper: 0.3,
            threshold: 0.05,
            reached: Some(Severity::Critical),
            gate: Gate::Passed,
        },
        muted_by: None,
        notifications: vec![notification("a"), notification("b")],
    }
}

#[test]
fn an_outcome_counts_notifications_flaps_and_time() {
    let alerts = [
        alert("dhl", 0, Some(10)),
        alert("dhl", 30, Some(40)),
        alert("dhl", 80, None),
        alert("ups", 41, Some(42)),
    ];
    let outcome = VARIANT.outcome(&alerts, "r", None, TimestampMs(100 * MINUTE_MS));
    assert_eq!((outcome.pages, outcome.flaps), (4, 1), "two receivers count once");
    assert_eq!(outcome.firing_ms, (10 + 10 + 20 + 1) * MINUTE_MS);
    let from = Some(TimestampMs(41 * MINUTE_MS));
    assert_eq!(VARIANT.outcome(&alerts, "r", from, TimestampMs(0)).pages, 2);
    assert_eq!(VARIANT.outcome(&alerts, "other", None, TimestampMs(0)).pages, 0);
}

#[test]
fn the_knee_is_where_notifications_stop_falling() {
    let row = |pages| VariantOutcome { variant: VARIANT, pages, flaps: 0, firing_ms: 0 };
    let rows = |pages: &[usize]| pages.iter().map(|it| row(*it)).collect::<Vec<_>>();
    assert_eq!(knee(&rows(&[100, 40, 9, 7, 6, 5])), Some(2));
    assert_eq!(knee(&rows(&[5, 5, 5])), None, "nothing falls");
    assert_eq!(knee(&rows(&[5, 1])), None, "two points have no knee");
    assert_eq!(knee(&[]), None);
}
