use super::*;
use crate::records::notify_status::NotifyStatus;
use crate::rule::Severity;
use crate::testing;

const START: TimestampMs = TimestampMs(1_795_204_800_000);

fn at(minute: i64) -> TimestampMs {
    START.plus_ms(minute * 60_000)
}

fn alert(rule: &str, fired: i64, resolved: Option<i64>, is_notified: bool) -> Alert {
    Alert {
        id: format!("{rule} {fired}"),
        rule: rule.into(),
        fired_at: at(fired),
        resolved_at: resolved.map(at),
        notify: NotifyStatus {
            notified: is_notified.then_some(Severity::Critical),
            ..NotifyStatus::default()
        },
        ..testing::alert()
    }
}

#[test]
fn notified_short_and_flapping_alerts_are_counted_by_rule_and_partner() {
    let rules = ["loud", "quiet", "silent"].map(testing::rule).to_vec();
    let rules = RuleSet { rules, ..RuleSet::default() };
    let alerts = [
        alert("loud", -20, Some(-5), true),
        alert("loud", 3, Some(5), true),
        alert("loud", 50, None, true),
        alert("quiet", 7, Some(60), false),
        alert("quiet", 100, Some(101), true),
    ];
    let acknowledged = BTreeSet::from(["loud 50", "quiet 7", "loud -20"].map(str::to_owned));
    let noise = noise(&alerts, &acknowledged, &rules, (at(0), at(60)));
    let loud = Tally {
        alerts: 2,
        notified: 2,
        acknowledged: 1,
        resolved: 1,
        short: 1,
        flaps: 1,
        open_ms: 720_000,
    };
    let quiet = Tally { alerts: 1, open_ms: 53 * 60_000, ..Tally::default() };
    assert_eq!(noise.rules, [("loud".to_owned(), loud), ("quiet".to_owned(), quiet)]);
    assert_eq!(noise.never_fired, ["silent"]);
    assert_eq!((noise.partners.len(), noise.partners[0].0.as_str()), (1, "dhl"));
    assert_eq!((noise.all.alerts, noise.all.notified), (3, 2));
}
