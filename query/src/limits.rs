//! Every bound of the questions, in one place, each with its reason.

use crate::error::{Error, Result};

/// Points an answer may have for each group: a week by the minute, and some.
pub const POINTS_MAX: u64 = 11_000;

/// Buckets of a heat map, at most: more rows than a chart has pixels for.
pub const HEATMAP_BUCKETS_MAX: usize = 160;

/// Buckets of a heat map, at least: the coarsest scale has five for all durations there are, zeros
/// have one.
pub const HEATMAP_BUCKETS_MIN: usize = 8;

/// Numbers that one answer is made of: groups times points times buckets of a heat map, or weeks of
/// a baseline. All of them are in memory at once.
pub const NUMBERS_MAX: u64 = 2_000_000;

/// Series that `top` may ask for: beyond it an answer without `top` serves better.
pub const TOP_MAX: usize = 1_000;

/// Weeks a baseline may look back: two quarters. What is older is another partner.
pub const BASELINE_WEEKS_MAX: u32 = 26;

const _: () = assert!(HEATMAP_BUCKETS_MIN < HEATMAP_BUCKETS_MAX, "there must be a choice");

/// Refuses what would make too many numbers.
pub(crate) fn check_numbers(groups: usize, points: u64, each: u64) -> Result<()> {
    let numbers = (groups as u64).saturating_mul(points).saturating_mul(each);
    if numbers > NUMBERS_MAX { Err(Error::TooManyNumbers { numbers }) } else { Ok(()) }
}
