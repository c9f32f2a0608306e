use proptest::prelude::*;

use super::*;

fn of(values: &[f64]) -> Histogram {
    let mut histogram = Histogram::default();
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

fn exact(values: &[f64], threshold: f64) -> f64 {
    values.iter().filter(|value| **value <= threshold).count() as f64 / values.len() as f64
}

#[test]
fn a_threshold_at_a_bucket_border_gives_exact_shares() {
    let durations = of(&[0.0, 0.1, 0.5, 0.500_1, 2.0, 2.1]);
    let share = share_under(&durations, 0.5).expect("some");
    assert_eq!((share.lower, share.value, share.upper), (0.5, 0.5, 0.5));
    let score = apdex(&durations, 0.5).expect("some");
    // 3 satisfied, 2 tolerating, 1 frustrated.
    assert!((score.value - 4.0 / 6.0).abs() < 1e-12, "{score:?}");
    assert_eq!(share_under(&Histogram::default(), 0.5), None);
    assert_eq!(apdex(&Histogram::default(), 0.5), None);
}

proptest! {
    #[test]
    fn the_exact_share_lies_within_the_bounds(
        values in prop::collection::vec(0.0..20.0_f64, 1..200),
        threshold in 0.001..25.0_f64,
        scale in -4_i8..=5,
    ) {
        let mut durations = of(&values);
        durations.lower_scale(scale);
        let share = share_under(&durations, threshold).expect("some");
        prop_assert!(share.lower <= share.value && share.value <= share.upper);
        let exact_share = exact(&values, threshold);
        prop_assert!(share.lower <= exact_share && exact_share <= share.upper);
        let score = apdex(&durations, threshold).expect("some");
        let exact_score = f64::midpoint(exact_share, exact(&values, 4.0 * threshold));
        prop_assert!(score.lower - 1e-12 <= exact_score && exact_score <= score.upper + 1e-12);
    }
}
