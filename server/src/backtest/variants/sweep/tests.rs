use plimsoll_alerting::SignalKind;

use super::*;

fn request(rule: &str, thresholds: &[&str], holds: &[&str]) -> SweepRequest {
    let texts = |given: &[&str]| given.iter().map(ToString::to_string).collect();
    SweepRequest { rule: rule.to_owned(), thresholds: texts(thresholds), holds: texts(holds) }
}

#[test]
fn a_sweep_is_read_in_the_notation_of_rules() {
    let rules = RuleSet::default_pack().expect("the pack");
    let ratio = |rule: &&Rule| rule.signal.kind() == SignalKind::Ratio;
    let rule = rules.rules.iter().find(ratio).expect("a ratio");
    let sweep = Sweep::new(&request(&rule.name, &["5%", "1%"], &["0s", "5m"]), &rules);
    let sweep = sweep.expect("a sweep");
    assert_eq!((&sweep.thresholds[..], &sweep.for_ms[..]), (&[0.01, 0.05][..], &[0, 300_000][..]));
    assert_eq!(sweep.rule_sets(&rules).len(), 4);
    let own = Sweep::new(&request(&rule.name, &[], &[]), &rules).expect("a sweep");
    assert_eq!((own.thresholds.first(), own.for_ms[0]), (rule.critical.as_ref(), rule.for_ms));
    let many = vec!["1%"; VARIANTS_MAX + 1];
    for (request, part) in [
        (request("nobody", &[], &[]), "no rule `nobody`"),
        (request(&rule.name, &["5s"], &[]), "threshold of the sweep"),
        (request(&rule.name, &[], &["soon"]), "`soon` is not a duration"),
        (request(&rule.name, &many, &[]), "the sweep has 65 variants; 1 to 64"),
    ] {
        let error = Sweep::new(&request, &rules).expect_err(part);
        assert!(error.contains(part), "{part}: {error}");
    }
}
