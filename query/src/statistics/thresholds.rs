//! The share of durations up to a threshold, and the Apdex score.
//!
//! A threshold usually lies inside a bucket. The buckets below and above it are counted exactly. Within that
//! bucket, durations are assumed to be evenly distributed on a logarithmic scale.

use plimsoll_storage::{Histogram, bucket_lower_s, bucket_upper_s};

use super::estimate::Estimate;

/// How many durations are at most `seconds`, which is not negative. The exact number lies within the bounds.
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

/// The share of durations that are at most `threshold_s`; `None` without a duration. The exact share lies
/// within the bounds.
#[must_use]
pub fn share_under(durations: &Histogram, threshold_s: f64) -> Option<Estimate> {
    let all = durations.count() as f64;
    (all > 0.0).then(|| count_up_to(durations, threshold_s).map(|count| count / all))
}

/// The Apdex score for the target `target_s`; `None` without a duration. Durations up to the target are
/// satisfied, durations up to four times the target are tolerating, and
///
/// ```text
/// score = (satisfied + tolerating / 2) / all
/// ```
///
/// (Application Performance Index, technical specification, version 1.1, 2007.) Only the duration counts: a
/// fast failure is satisfied.
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
mod tests;
