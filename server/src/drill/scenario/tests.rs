use serde_json::json;

use super::*;

fn rule(signal: &str, of: &[&str], threshold: f64) -> RuleFacts {
    serde_json::from_value(json!({
        "name": "r", "signal": signal, "stream": "requests", "of": of,
        "match": { "environment": ["production"] }, "critical": threshold, "warning": null,
    }))
    .expect("a rule")
}

#[test]
fn a_rule_is_expected_to_notice_what_it_is_about_and_what_passes_its_threshold() {
    let noticed = |scenario: Scenario, rule: &RuleFacts| scenario.is_noticed_by(rule, "dhl");
    let errors = rule("ratio", &["5xx", "timeout"], 0.05);
    assert!(noticed(Scenario::Status5xx, &errors) && noticed(Scenario::Timeout, &errors));
    assert!(!noticed(Scenario::Status429, &errors) && !noticed(Scenario::Blip, &errors));
    assert!(!noticed(Scenario::Status5xx, &rule("ratio", &["5xx"], 0.6)));
    let slow = rule("latency", &[], 1_000.0);
    assert!(noticed(Scenario::Latency, &slow) && !noticed(Scenario::Silence, &slow));
    assert!(noticed(Scenario::Silence, &rule("freshness", &[], 600.0)));
    assert!(!noticed(Scenario::Silence, &rule("freshness", &[], 3_600.0)));
    let other = RuleFacts { matches: [("partner".into(), vec!["ups".into()])].into(), ..errors };
    assert!(!noticed(Scenario::Status5xx, &other));
}
