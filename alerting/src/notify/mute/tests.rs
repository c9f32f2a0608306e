use plimsoll_storage::LabelMatchers;

use super::*;
use crate::rule::{Maintenance, Period, RuleMode};
use crate::testing::rule;

const AT: TimestampMs = TimestampMs(1_795_204_800_000);

fn labels(partner: &str) -> GroupLabels {
    GroupLabels::new([(Label::Partner, partner.to_owned())])
}

fn matches() -> LabelMatchers {
    LabelMatchers::any_of(Label::Partner, ["dhl"])
}

fn period() -> Period {
    Period { start: AT, end: AT.plus_ms(60_000), weekly: None }
}

fn rules() -> RuleSet {
    RuleSet { rules: vec![rule("r")], ..RuleSet::default() }
}

fn muted_by(
    rules: &RuleSet,
    silences: &[Silence],
    open: &OpenAlerts,
    at: TimestampMs,
) -> Option<MutedBy> {
    let mutes = Mutes { rules, silences, open };
    mutes.muted_by(&rules.rules[0], Severity::Warning, &labels("dhl"), at)
}

#[test]
fn an_alert_is_muted_by_its_rule_by_what_covers_it_and_by_what_it_depends_on() {
    let none = OpenAlerts::default();
    assert_eq!(muted_by(&rules(), &[], &none, AT), None);
    let mut shadow = rules();
    shadow.rules[0].notify_policy.mode = RuleMode::Shadow;
    assert_eq!(muted_by(&shadow, &[], &none, AT), Some(MutedBy::Shadow));
    let mut severe = rules();
    severe.rules[0].notify_policy.from = Severity::Critical;
    assert_eq!(muted_by(&severe, &[], &none, AT), Some(MutedBy::Severity));
    let silence = Silence {
        id: String::new(),
        matches: matches(),
        rule: None,
        period: period(),
        author: "ann".into(),
        reason: "vendor call".into(),
        created_at: AT,
    };
    let silences = [silence];
    assert_eq!(muted_by(&rules(), &silences, &none, AT), Some(MutedBy::Silenced));
    assert_eq!(muted_by(&rules(), &silences, &none, AT.plus_ms(60_000)), None);
    let mut maintained = rules();
    maintained.maintenance.push(Maintenance {
        matches: matches(),
        period: period(),
        author: "ann".into(),
        reason: "upgrade".into(),
    });
    assert_eq!(muted_by(&maintained, &silences, &none, AT), Some(MutedBy::Maintenance));
    let mut dependent = rules();
    dependent.rules[0].depends_on = vec!["parent".into()];
    let mut open = OpenAlerts::default();
    open.add("parent", &labels("dhl"), AT, None);
    assert_eq!(muted_by(&dependent, &[], &open, AT), Some(MutedBy::Dependency));
    assert_eq!(muted_by(&dependent, &[], &open, AT.plus_ms(-1)), None);
    assert_eq!(muted_by(&rules(), &[], &open, AT), None);
}
