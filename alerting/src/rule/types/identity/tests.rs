use plimsoll_storage::{Label, LabelMatchers};

use crate::RuleSet;
use crate::rule::Rule;
use crate::testing::rule;

#[test]
fn fields_that_decide_evaluations_make_another_rule_and_others_do_not() {
    let same: [fn(&mut Rule); 4] = [
        |rule| rule.owner = "others".into(),
        |rule| rule.runbook = "other".into(),
        |rule| rule.notify.clear(),
        |rule| rule.notify_policy.mode = crate::rule::RuleMode::Shadow,
    ];
    let other: [fn(&mut Rule); 7] = [
        |rule| rule.matches = LabelMatchers::any_of(Label::Partner, ["dhl"]),
        |rule| rule.matches.read(Label::Partner, ["!dhl"]).unwrap(),
        |rule| rule.critical = Some(0.06),
        |rule| rule.for_ms += 1,
        |rule| rule.by.clear(),
        |rule| rule.min_count = 7,
        |rule| rule.on_no_data = crate::rule::OnNoData::Alert,
    ];
    let identity = rule("r").identity();
    let edited = |edit: fn(&mut Rule)| {
        let mut rule = rule("r");
        edit(&mut rule);
        rule.identity()
    };
    same.iter().for_each(|edit| assert_eq!(edited(*edit), identity));
    other.iter().for_each(|edit| assert_ne!(edited(*edit), identity));
}

#[test]
fn no_two_rules_of_the_pack_are_the_same() {
    let pack = RuleSet::default_pack().unwrap();
    let mut identities: Vec<_> = pack.rules.iter().map(Rule::identity).collect();
    identities.sort_unstable();
    identities.dedup();
    assert_eq!(identities.len(), pack.rules.len());
}

#[test]
fn the_identity_of_a_rule_stays_over_versions() {
    // Another value here ends every open alert at an upgrade.
    assert_eq!(crate::hex::hex(&rule("r").identity()), "af560e9ed762a217");
    let matches = LabelMatchers::any_of(Label::Partner, ["dhl", "ups"]);
    let narrowed = Rule { matches, ..rule("r") };
    assert_eq!(crate::hex::hex(&narrowed.identity()), "dfb76a9f3def1a1d");
}
