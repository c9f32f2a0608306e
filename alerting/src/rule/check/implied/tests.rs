use crate::rule::RuleSet;

fn parsed(text: &str) -> RuleSet {
    RuleSet::parse_for_replay(text).unwrap()
}

fn implied(set: &RuleSet) -> Vec<&str> {
    let own = set.rules.iter().filter(|rule| rule.is_implied);
    own.map(|rule| rule.name.as_str()).collect()
}

const EXPECTING: &str = "partners:\n  - { name: dhl, expects: [tracking, inventory] }\n";

#[test]
fn each_expected_stream_has_rules_that_no_other_rule_stands_for() {
    let pack = parsed(EXPECTING);
    // The pack has a drop rule on tracking.
    let names = [
        "expected-inventory-unreported",
        "expected-inventory-silent",
        "expected-inventory-drop",
        "expected-tracking-unreported",
        "expected-tracking-silent",
    ];
    assert_eq!(implied(&pack), names);
    let silent = pack.rule("expected-tracking-silent").unwrap();
    assert!(silent.watches_all_of("dhl") && !silent.watches_all_of("ups"));
    assert_eq!(silent.depends_on, ["expected-tracking-unreported"]);
    assert_eq!(implied(&parsed("partners: [{ name: dhl }]")), [""; 0]);
    assert_eq!(implied(&parsed(&format!("rules: []\n{EXPECTING}"))), [""; 0]);
}

#[test]
fn a_stream_that_a_rule_of_the_file_watches_is_left_to_it() {
    let rule = |fields: &str| {
        format!(
            "receivers: [{{ name: a, slack: {{ url: 'https://hooks.slack.com/services/T/B/x' }} }}]\n\
             rules:\n  - {{ name: age, owner: o, runbook: partner-silent, notify: [a], \
             signal: {{ freshness: {{ stream: tracking }} }}, {fields} }}\n{EXPECTING}"
        )
    };
    let of_tracking = |fields: &str| {
        let set = parsed(&rule(fields));
        implied(&set).iter().any(|name| name.contains("tracking"))
    };
    assert!(!of_tracking("by: [partner], critical: '> 30m'"));
    assert!(of_tracking("by: [partner], match: { partner: ups }, critical: '> 30m'"));
    assert!(!of_tracking("by: [partner], match: { environment: production }, critical: '> 30m'"));
    assert!(of_tracking("by: [partner], match: { environment: staging }, critical: '> 30m'"));
    assert!(of_tracking("by: [partner], match: { operation: x }, critical: '> 30m'"));
    assert!(of_tracking("by: [site], critical: '> 30m'"));
    assert!(of_tracking("by: [partner], warning: '> 30m', notify_from: critical"));
}

#[test]
fn another_partner_that_expects_a_stream_changes_no_rule() {
    let both = format!("{EXPECTING}  - {{ name: ups, expects: [tracking] }}\n");
    let identities = [EXPECTING, &both].map(|text| {
        let set = parsed(text);
        set.rule("expected-tracking-silent").unwrap().identity()
    });
    assert_eq!(identities[0], identities[1]);
}
