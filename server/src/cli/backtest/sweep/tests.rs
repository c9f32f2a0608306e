use super::*;

fn arguments(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_sweep_is_read_from_its_arguments() {
    let rules = RuleSet::default_pack().expect("the pack");
    let ratio = |rule: &&Rule| rule.signal.kind() == SignalKind::Ratio;
    let name = &rules.rules.iter().find(ratio).expect("a ratio").name;
    let text = format!("rule={name} threshold=5%,1% for=0s,5m");
    let grid = read(&arguments(&text), &rules).expect("a grid");
    assert_eq!(grid.thresholds, [0.01, 0.05]);
    assert_eq!(grid.for_ms, [0, 300_000]);
    for (text, part) in [
        ("threshold=1%".to_owned(), "rule=NAME"),
        ("rule=nobody".to_owned(), "no rule `nobody`"),
        (format!("rule={name} threshold=5s"), "threshold of --sweep"),
        (format!("rule={name} for=soon"), "not a duration"),
        (format!("rule={name} colour=red"), "colour=red"),
    ] {
        let error = read(&arguments(&text), &rules).expect_err(&text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
