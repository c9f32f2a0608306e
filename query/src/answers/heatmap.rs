//! The heat map query: how many durations each bucket holds, over time.
//!
//! All series share one list of buckets, so that they can be drawn below each other. Neighbouring buckets of
//! the store are merged in pairs until few enough are left.

use std::sync::{Mutex, PoisonError};

use plimsoll_storage::{Histogram, Store, TimestampMs, bucket_lower_s, bucket_upper_s};

use crate::engine::{DURATIONS, activity_series};
use crate::select::{Grid, Group, Result, Series, check_numbers};

/// A heat map.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// The buckets, ascending and without a gap. When durations of exactly 0 exist, the first bucket is from
    /// 0 to 0.
    pub buckets: Vec<HeatBucket>,
    /// The counts by group.
    pub series: Vec<Series<HeatPoint>>,
}

/// One row of a heat map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatBucket {
    /// Durations are above this.
    pub lower_s: f64,
    /// Durations are at most this.
    pub upper_s: f64,
}

/// One column of a heat map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeatPoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// How many durations each bucket holds, in the order of [`Heatmap::buckets`].
    pub counts: Vec<u64>,
}

/// Durations by group, point and bucket. Windows without a duration have no point. There are at most
/// `buckets_max` buckets, which must be at least
/// [`HEATMAP_BUCKETS_MIN`](crate::limits::HEATMAP_BUCKETS_MIN).
///
/// # Errors
/// The store cannot be read, the budget of the grid is exceeded, or groups × points × buckets exceed
/// [`NUMBERS_MAX`](crate::limits::NUMBERS_MAX).
pub fn heatmap(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    buckets_max: usize,
) -> Result<Heatmap> {
    check_numbers(groups.len(), grid.count(), buckets_max as u64)?;
    let rows = Mutex::new(Rows::new(buckets_max));
    let series = activity_series(store, groups, grid, DURATIONS, |t, _, sum| {
        let mut durations = sum.to_cell().durations;
        let scale = rows.lock().unwrap_or_else(PoisonError::into_inner).widen(&durations);
        // Saves memory: the answer is never finer than the rows.
        durations.lower_scale(scale);
        (!durations.is_empty()).then_some((t, durations))
    })?;
    let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    let column = |(t, durations)| HeatPoint { t, counts: rows.counts(durations) };
    let series = series.into_iter().map(|Series { labels, points }| Series {
        labels,
        points: points.into_iter().map(column).collect(),
    });
    Ok(Heatmap { series: series.collect(), buckets: rows.buckets() })
}

/// The rows that hold every duration seen so far.
struct Rows {
    buckets_max: usize,
    scale: i8,
    has_zero: bool,
    /// First and last bucket at `scale`.
    span: Option<(i32, i32)>,
}

impl Rows {
    const fn new(buckets_max: usize) -> Self {
        Self { buckets_max, scale: i8::MAX, has_zero: false, span: None }
    }

    /// Widens the rows to hold the durations of a histogram, at a coarser scale where needed. Returns the
    /// scale.
    fn widen(&mut self, durations: &Histogram) -> i8 {
        self.has_zero |= durations.zero_count() > 0;
        let (Some(first), Some(last)) = (durations.buckets().first(), durations.buckets().last())
        else {
            return self.scale;
        };
        let scale = self.scale.min(durations.scale());
        let span = self.span.map(|span| coarser(span, self.scale, scale));
        let new = coarser((first.index, last.index), durations.scale(), scale);
        let (mut first, mut last) = span.map_or(new, |span| (span.0.min(new.0), span.1.max(new.1)));
        self.scale = scale;
        // One row stays free for zeros, which may be found later.
        while (last - first) as usize + 1 > self.buckets_max.saturating_sub(1).max(1) {
            (first, last) = (first >> 1, last >> 1);
            self.scale -= 1;
        }
        self.span = Some((first, last));
        self.scale
    }

    fn buckets(&self) -> Vec<HeatBucket> {
        let zeros = self.has_zero.then_some(HeatBucket { lower_s: 0.0, upper_s: 0.0 });
        let bucket = |index| HeatBucket {
            lower_s: bucket_lower_s(self.scale, index),
            upper_s: bucket_upper_s(self.scale, index),
        };
        let span = self.span.into_iter().flat_map(|(first, last)| first..=last);
        zeros.into_iter().chain(span.map(bucket)).collect()
    }

    fn counts(&self, mut durations: Histogram) -> Vec<u64> {
        durations.lower_scale(self.scale);
        let (first, last) = self.span.unwrap_or((0, -1));
        let zeros = usize::from(self.has_zero);
        let mut counts = vec![0; (last - first + 1) as usize + zeros];
        for bucket in durations.buckets() {
            if let Some(count) = counts.get_mut((bucket.index - first) as usize + zeros) {
                *count = bucket.count;
            }
        }
        if let (true, Some(count)) = (self.has_zero, counts.first_mut()) {
            *count = durations.zero_count();
        }
        counts
    }
}

/// Two bucket indexes at a coarser scale.
const fn coarser((first, last): (i32, i32), from: i8, to: i8) -> (i32, i32) {
    (first >> (from - to), last >> (from - to))
}
