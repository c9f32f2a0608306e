//! A quantile of durations, with bounds from order statistics.
//!
//! "The 95 % quantile is above X" says the same as "more than 5 % of durations are above X". So the
//! bounds of a quantile come from the test of a share ([`bound`]) at the borders of the buckets of the
//! histogram. They assume nothing about the distribution and are valid for every count.

use plimsoll_storage::{Histogram, bucket_lower_s, bucket_upper_s};

use crate::engine::bound;
use crate::engine::evidence::Measured;

/// The q-quantile in seconds.
pub(super) fn measure(durations: &Histogram, q: f64, confidence: f64) -> Option<Measured> {
    let value = durations.quantile(q)?.value_s;
    let limit = bound::evidence_limit(confidence);
    Some(Measured {
        value,
        count: durations.count(),
        lower: lower_s(durations, q, limit).min(value),
        upper: upper_s(durations, q, limit).max(value),
    })
}

/// The highest border of a bucket that certainly more than `1 - q` of the durations are above; 0 when there
/// is none.
fn lower_s(durations: &Histogram, q: f64, limit: f64) -> f64 {
    let count = durations.count();
    let mut above = 0_u64;
    let found = durations.buckets().iter().rev().find(|bucket| {
        above = above.saturating_add(bucket.count);
        bound::is_above(above, count, 1.0 - q, limit)
    });
    found.map_or(0.0, |bucket| bucket_lower_s(durations.scale(), bucket.index))
}

/// The lowest border of a bucket that certainly more than `q` of the durations are at or below; infinite
/// when there are too few durations.
fn upper_s(durations: &Histogram, q: f64, limit: f64) -> f64 {
    let count = durations.count();
    let mut below = durations.zero_count();
    if bound::is_above(below, count, q, limit) {
        return 0.0;
    }
    let found = durations.buckets().iter().find(|bucket| {
        below = below.saturating_add(bucket.count);
        bound::is_above(below, count, q, limit)
    });
    found.map_or(f64::INFINITY, |bucket| bucket_upper_s(durations.scale(), bucket.index))
}

#[cfg(test)]
mod tests;
