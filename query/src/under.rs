//! How many were fast enough: the share of durations up to a threshold, and the Apdex score.
//!
//! A threshold mostly cuts a bucket in two. What lies on its sides is known for certain; within the
//! cut bucket the estimate takes durations to lie evenly on a logarithmic scale.

use plimsoll_storage::{Histogram, bucket_lower_s, bucket_upper_s};

use crate::estimate::Estimate;

/// How many durations are at most `seconds`, which is not negative: the estimate, and between which numbers the exact one
/// lies for certain.
fn count_up_to(durations: &Histogram, seconds: f64) -> Estimate {
    let zeros = durations.zero_count() as f64;
    let mut count = Estimate { value: zeros, lower: zeros, upper: zeros };
    for bucket in durations.buckets() {
        let from = bucket_lower_s(durations.scale(), bucket.index);
        let to = bucket_upper_s(durations.scale(), bucket.index);
        if seconds <= from {
            break;
        }
        let held = bucket.count as f64;
        let within = if seconds >= to { 1.0 } else { (seconds / from).ln() / (to / from).ln() };
        count.value += held * within;
        count.upper += held;
        count.lower += if seconds >= to { held } else { 0.0 };
    }
    count
}

/// The share of durations that are at most `threshold_s`, or `None` of none. The bounds are certain.
#[must_use]
pub fn share_under(durations: &Histogram, threshold_s: f64) -> Option<Estimate> {
    let all = durations.count() as f64;
    (all > 0.0).then(|| count_up_to(durations, threshold_s).map(|count| count / all))
}

/// The Apdex score for the target `target_s`, or `None` of none: durations up to the target are
/// satisfied, up to four times the target tolerating, and
///
/// ```text
/// score = (satisfied + tolerating / 2) / all
/// ```
///
/// (Application Performance Index, technical specification, version 1.1, 2007.) It goes by duration
/// alone: a fast failure satisfies.
#[must_use]
pub fn apdex(durations: &Histogram, target_s: f64) -> Option<Estimate> {
    let satisfied = share_under(durations, target_s)?;
    let tolerated = share_under(durations, 4.0 * target_s)?;
    let score = |satisfied: f64, tolerated: f64| f64::midpoint(satisfied, tolerated);
    Some(Estimate {
        value: score(satisfied.value, tolerated.value),
        lower: score(satisfied.lower, tolerated.lower),
        upper: score(satisfied.upper, tolerated.upper),
    })
}

#[cfg(test)]
mod tests {
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
    fn a_threshold_at_a_border_of_buckets_cuts_none() {
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
}
