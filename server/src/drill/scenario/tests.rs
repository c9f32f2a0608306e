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
fn a_rule_detects_a_fault_that_it_watches_and_that_crosses_its_threshold() {
    let detected = |scenario: Scenario, rule: &RuleFacts| scenario.is_detected_by(rule, "dhl");
    let errors = rule("ratio", &["5xx", "timeout"], 0.05);
    assert!(detected(Scenario::Status5xx, &errors) && detected(Scenario::Timeout, &errors));
    assert!(!detected(Scenario::Status429, &errors) && !detected(Scenario::Blip, &errors));
    assert!(!detected(Scenario::Status5xx, &rule("ratio", &["5xx"], 0.6)));
    let slow = rule("latency", &[], 1_000.0);
    assert!(detected(Scenario::Latency, &slow) && !detected(Scenario::Silence, &slow));
    assert!(detected(Scenario::Silence, &rule("freshness", &[], 600.0)));
    assert!(!detected(Scenario::Silence, &rule("freshness", &[], 3_600.0)));
    for (value, watches) in [("ups", false), ("!ups", true), ("~d.*", true), ("!~d.*", false)] {
        let matches = [("partner".into(), vec![value.into()])].into();
        let other = RuleFacts { matches, ..errors.clone() };
        assert_eq!(detected(Scenario::Status5xx, &other), watches, "{value}");
    }
}
