use super::*;
use crate::testing::rule;

fn evidence(lower: f64, value: f64, count: u64) -> Evidence {
    let mut rule = rule("r");
    rule.min_count = 2;
    Measured { value, count, lower, upper: 1.0 }.evaluate(&rule).0
}

#[test]
fn the_lower_bound_decides_and_the_gate_gives_the_reason() {
    let table = [
        (evidence(0.06, 0.10, 9), Some(Severity::Critical), Gate::Passed, 0.05),
        (evidence(0.02, 0.10, 9), Some(Severity::Warning), Gate::Passed, 0.01),
        (evidence(0.005, 0.10, 9), None, Gate::Uncertain, 0.01),
        (evidence(0.001, 0.005, 9), None, Gate::BelowThreshold, 0.01),
        (evidence(0.06, 1.0, 1), None, Gate::TooFew, 0.01),
    ];
    for (evidence, reached, gate, threshold) in table {
        assert_eq!((evidence.reached, evidence.gate), (reached, gate));
        assert!((evidence.threshold - threshold).abs() < 1e-12);
    }
}
