use proptest::prelude::*;

use super::*;

fn histogram(durations_s: impl IntoIterator<Item = f64>) -> Histogram {
    let mut histogram = Histogram::default();
    durations_s.into_iter().for_each(|seconds| histogram.record(seconds));
    histogram
}

#[test]
fn one_slow_call_of_three_is_no_proof_and_three_are() {
    let one = measure(&histogram([0.1, 0.1, 3.0]), 0.95, 0.999).unwrap();
    assert!(one.value > 2.9 && one.lower < 1.0, "{one:?}");
    let three = measure(&histogram([3.0, 3.1, 3.2]), 0.95, 0.999).unwrap();
    assert!(three.lower > 2.9, "{three:?}");
    assert_eq!(three.upper, f64::INFINITY);
}

#[test]
fn many_durations_make_tight_bounds() {
    let many = histogram((1..=100_000).map(|n| f64::from(n) / 1e5));
    let p95 = measure(&many, 0.95, 0.999).unwrap();
    assert!(p95.lower > 0.92 && p95.upper < 0.98, "{p95:?}");
}

#[test]
fn no_durations_are_no_evidence() {
    assert_eq!(measure(&Histogram::default(), 0.95, 0.999), None);
}

proptest! {
    #[test]
    fn bounds_bracket_the_value(
        durations_s in proptest::collection::vec(0.0_f64..100.0, 1..400), q in 0.01_f64..0.99
    ) {
        let found = measure(&histogram(durations_s), q, 0.999).unwrap();
        prop_assert!(found.lower <= found.value && found.value <= found.upper);
    }

    #[test]
    fn slower_calls_never_lower_the_bound(
        durations_s in proptest::collection::vec(0.001_f64..10.0, 1..200), factor in 1.0_f64..10.0
    ) {
        let before = measure(&histogram(durations_s.iter().copied()), 0.95, 0.999).unwrap();
        let after = measure(&histogram(durations_s.iter().map(|s| s * factor)), 0.95, 0.999).unwrap();
        prop_assert!(after.lower >= before.lower * 0.999);
    }
}
