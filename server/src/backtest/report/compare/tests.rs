use super::*;

fn trigger(partner: &str, minutes: std::ops::Range<i64>) -> TriggerRecord {
    let at = |minute| TimestampMs(minute * 60_000);
    let (at, end) = (at(minutes.start), at(minutes.end));
    TriggerRecord { at, partner: partner.into(), rule: "r".into(), resolved_at: Some(end) }
}

#[test]
fn triggers_overlap_when_both_are_open_at_some_time() {
    assert!(trigger("dhl", 0..10).overlaps(&trigger("dhl", 10..20)));
    assert!(!trigger("dhl", 0..10).overlaps(&trigger("dhl", 11..20)));
    assert!(!trigger("dhl", 0..10).overlaps(&trigger("ups", 0..10)));
    let open = TriggerRecord { resolved_at: None, ..trigger("dhl", 0..1) };
    assert!(open.overlaps(&trigger("dhl", 500..600)));
}

#[test]
fn triggers_of_the_same_rule_are_paired_first() {
    let of = |rule: &str, from| TriggerRecord { rule: rule.into(), ..trigger("dhl", from..30) };
    let (a, b) = (vec![of("x", 10), of("y", 10)], vec![of("y", 10), of("z", 10), of("x", 12)]);
    let found = compare_triggers(a, b);
    let rules = found.both.iter().map(|(a, b)| (a.rule.as_str(), b.rule.as_str()));
    assert_eq!(rules.collect::<Vec<_>>(), [("x", "x"), ("y", "y")]);
    assert_eq!((found.only_a.len(), found.only_b[0].rule.as_str()), (0, "z"));
}

#[test]
fn a_comparison_says_which_rules_file_is_earlier() {
    let both = (trigger("dhl", 10..30), trigger("dhl", 7..30));
    let comparison = RulesComparison {
        only_a: vec![trigger("ups", 0..5)],
        only_b: Vec::new(),
        both: vec![both],
    };
    let table = comparison.table().expect("text");
    assert!(
        table.contains("only in A: 1 notifications") && table.contains("B 3m earlier"),
        "{table}"
    );
    let lines = comparison.lines();
    let json = serde_json::to_string(&lines).expect("into memory");
    assert!(json.contains(r#""found_by":"both""#) && json.contains(r#""b_later_s":-180.0"#));
    assert_eq!(RulesComparison::of_lines(&lines), comparison);
}
