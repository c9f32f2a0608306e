//! Every bound of a query, in one place, each with its reason.

/// Points that an answer may have for each group: a week by the minute, and some.
pub const POINTS_MAX: u64 = 11_000;

/// Buckets of a heat map, at most: a chart has no pixels for more rows.
pub const HEATMAP_BUCKETS_MAX: usize = 160;

/// Buckets of a heat map, at least: the coarsest scale has five buckets for all possible durations, and zeros
/// have one.
pub const HEATMAP_BUCKETS_MIN: usize = 8;

/// Numbers that one answer may consist of: groups × points × buckets of a heat map, or × weeks of a baseline.
/// All of them are in memory at once.
pub const NUMBERS_MAX: u64 = 2_000_000;

/// Series that `top` may ask for. For more, an answer without `top` is the better choice.
pub const TOP_MAX: usize = 1_000;

/// Weeks that a baseline may look back: two quarters of a year. Older data say little about a partner today.
pub const BASELINE_WEEKS_MAX: u32 = 26;

const _: () = assert!(HEATMAP_BUCKETS_MIN < HEATMAP_BUCKETS_MAX, "the range must not be empty");
