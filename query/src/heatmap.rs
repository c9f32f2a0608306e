//! Durations as a picture: how many fell into which bucket, over time.
//!
//! All series share one row of buckets, so that they can be drawn under each other. The buckets of
//! the store are merged in neighbouring pairs until few enough are left, which loses nothing but
//! their finer borders.

use std::sync::{Mutex, PoisonError};

use plimsoll_storage::{Histogram, Store, TimestampMs, bucket_lower_s, bucket_upper_s};

use crate::error::Result;
use crate::fold::activity_series;
use crate::grid::Grid;
use crate::latency::WANTED;
use crate::limits::check_numbers;
use crate::select::{Group, Series};

/// A heat map.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// The buckets, ascending and without a gap: durations above `lower_s` and up to `upper_s`. A
    /// first one from 0 to 0 is for durations of exactly 0, when there are any.
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

/// Durations by group, point and bucket, with at most `buckets_max` buckets, which is at least
/// [`HEATMAP_BUCKETS_MIN`](crate::limits::HEATMAP_BUCKETS_MIN). Windows without a duration have no
/// point.
///
/// # Errors
/// When the store cannot be read, or groups, points and buckets make more than
/// [`NUMBERS_MAX`](crate::limits::NUMBERS_MAX) numbers.
pub fn heatmap(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    buckets_max: usize,
) -> Result<Heatmap> {
    check_numbers(groups.len(), grid.count(), buckets_max as u64)?;
    let rows = Mutex::new(Rows::new(buckets_max));
    let series = activity_series(store, groups, grid, WANTED, |t, _, sum| {
        let mut durations = sum.to_cell().durations;
        let scale = rows.lock().unwrap_or_else(PoisonError::into_inner).widen(&durations);
        // What is kept of a column is no more than is shown of it.
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
    fn new(buckets_max: usize) -> Self {
        Self { buckets_max, scale: i8::MAX, has_zero: false, span: None }
    }

    /// Makes room for the durations of a histogram, coarser where needed. Answers the scale.
    fn widen(&mut self, durations: &Histogram) -> i8 {
        self.has_zero |= durations.zero_count() > 0;
        let (Some(first), Some(last)) = (durations.buckets().first(), durations.buckets().last())
        else {
            return self.scale;
        };
        let scale = self.scale.min(durations.scale());
        let mine = self.span.map(|span| coarser(span, self.scale, scale));
        let theirs = coarser((first.index, last.index), durations.scale(), scale);
        let (mut first, mut last) =
            mine.map_or(theirs, |mine| (mine.0.min(theirs.0), mine.1.max(theirs.1)));
        self.scale = scale;
        // One is left for the zeros, which may come later.
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
