use plimsoll_alerting::{
    Action, Evidence, Gate, GroupLabels, ReplayedNotification, Severity, SignalKind,
};
use plimsoll_storage::Label;

use super::*;

fn alert() -> ReplayedAlert {
    let notification = |at, action| ReplayedNotification {
        at: TimestampMs(at),
        action,
        receiver: "oncall".into(),
        group: "dhl".into(),
    };
    ReplayedAlert {
        rule: "partner-5xx".into(),
        signal: SignalKind::Ratio,
        severity: Severity::Critical,
        labels: GroupLabels::new([(Label::Partner, "dhl".to_owned())]),
        pending_at: TimestampMs(0),
        fired_at: TimestampMs(60_000),
        resolved_at: Some(TimestampMs(12_060_000)),
        peak: Evidence {
            value: 0.25,
            count: 400,
            lower: 0.2,
            upper: f64::INFINITY,
            threshold: 0.05,
            reached: Some(Severity::Critical),
            gate: Gate::Passed,
        },
        muted_by: None,
        notifications: vec![
            notification(60_000, Action::Trigger),
            notification(12_060_000, Action::Resolve),
        ],
    }
}

#[test]
fn an_alert_is_a_line_of_json() {
    let mut out = Vec::new();
    write_json(&[alert()], &mut out).expect("into memory");
    let expected = r#"{"rule":"partner-5xx","signal":"ratio","severity":"critical","labels":{"partner":"dhl"},"pending_at":"1970-01-01T00:00:00.000Z","fired_at":"1970-01-01T00:01:00.000Z","resolved_at":"1970-01-01T03:21:00.000Z","peak":{"value":0.25,"count":400,"lower":0.2,"upper":null,"threshold":0.05,"unit":"ratio","severity":"critical","gate":"passed"},"notifications":[{"at":"1970-01-01T00:01:00.000Z","action":"trigger","receiver":"oncall","group":"dhl"},{"at":"1970-01-01T03:21:00.000Z","action":"resolve","receiver":"oncall","group":"dhl"}]}"#;
    assert_eq!(String::from_utf8(out).expect("text"), format!("{expected}\n"));
}

#[test]
fn a_table_has_a_row_for_each_alert_and_a_total_for_each_rule() {
    let grouped = ReplayedAlert { resolved_at: None, notifications: Vec::new(), ..alert() };
    let text = table(&[Row::from(&alert()), Row::from(&grouped)]).expect("text");
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let at = "1970-01-01T00:01:00.000Z";
    assert_eq!(rows[1][..5], [at, "3h20m", "critical", "1", "partner-5xx"]);
    assert_eq!(rows[2][..5], [at, "open", "critical", "0", "partner-5xx"]);
    assert_eq!(rows.last().expect("a row")[..], ["partner-5xx", "2", "1"]);
    assert_eq!(table(&[]).expect("text"), "no alert\n");
}
