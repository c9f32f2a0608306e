//! What is usual: the same weekday and time in past weeks.
//!
//! How far back a week lies is the caller's to say: 7 × 24 h in UTC, an hour more or less where clocks
//! were changed in between. The middle is a median and the spread quartiles and the median absolute
//! deviation, so that one odd week of four moves neither. Weeks in which an incident was on record
//! say nothing about what is usual, and are left out.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_storage::{CellSum, Label, Store, TimestampMs, Wanted};

use crate::error::Result;
use crate::fold::activity_series;
use crate::grid::Grid;
use crate::limits::check_numbers;
use crate::ratio::ClassRatio;
use crate::select::{Group, Selector, Series, groups};
use crate::{latency, outcomes};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A week.
pub const WEEK_MS: i64 = 7 * DAY_MS;

/// What a baseline is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// How many items there were.
    Count,
    /// The ratio of some classes to others.
    Ratio(ClassRatio),
    /// A quantile of durations, in seconds.
    Quantile(f64),
}

impl Measure {
    const fn wanted(&self) -> Wanted {
        match self {
            Self::Count | Self::Ratio(_) => outcomes::WANTED,
            Self::Quantile(_) => latency::WANTED,
        }
    }

    /// The value of a window; `None` when it has nothing to go by.
    fn of(&self, sum: &CellSum) -> Option<f64> {
        let value = match self {
            Self::Count => sum.outcomes().total() as f64,
            Self::Ratio(ratio) => ratio.value(sum.outcomes())?,
            Self::Quantile(q) => sum.to_cell().durations.quantile(*q)?.value_s,
        };
        value.is_finite().then_some(value)
    }
}

/// A time in which something was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedPeriod {
    /// What it was about.
    pub labels: Vec<(Label, String)>,
    /// From its first moment up to the first one after it.
    pub during: Range<TimestampMs>,
}

/// What is asked of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct PastWeeks {
    /// What is measured.
    pub measure: Measure,
    /// How far back each of the past weeks lies, in ms; see [`utc_weeks`].
    pub weeks_ms: Vec<i64>,
    /// Times to leave out. One counts for a group when they have a label in common and agree on all
    /// that both have.
    pub excluded: Vec<ExcludedPeriod>,
}

/// How far back each of some weeks lies where clocks are never changed, in ms.
#[must_use]
pub fn utc_weeks(weeks: u32) -> Vec<i64> {
    (1..=i64::from(weeks)).map(|week| week * WEEK_MS).collect()
}

/// What is, and what is usual.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselinePoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// What was measured in it; `None` when there was nothing to go by.
    pub value: Option<f64>,
    /// What is usual; `None` when no past week supports it.
    pub expected: Option<ExpectedValue>,
}

/// What is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedValue {
    /// How many weeks support it.
    pub weeks: u32,
    /// The middle of their values.
    pub median: f64,
    /// A quarter of the values lies below.
    pub lower: f64,
    /// A quarter of the values lies above.
    pub upper: f64,
    /// The median absolute deviation from the median.
    pub mad: f64,
}

impl ExpectedValue {
    /// Sums up the values of some weeks; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values.iter().copied());
        let median = quantile(&sorted, 0.5)?;
        let deviations = self::sorted(sorted.iter().map(|value| (value - median).abs()));
        Some(Self {
            weeks: u32::try_from(sorted.len()).unwrap_or(u32::MAX),
            median,
            lower: quantile(&sorted, 0.25)?,
            upper: quantile(&sorted, 0.75)?,
            mad: quantile(&deviations, 0.5)?,
        })
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The quantile of a few sorted values, between two of them where it falls so (definition 7 of
/// R. J. Hyndman and Y. Fan, 1996, The American Statistician 50).
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let place = q * sorted.len().checked_sub(1)? as f64;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

/// What was measured at each point of a grid, and what is usual there, by group.
///
/// There is a ratio or quantile when the window has one, and a count when anything was reported in the
/// day before its end: only then is nothing in the window a count of zero.
///
/// # Errors
/// When the store cannot be read, or groups, points and weeks make too many numbers.
pub fn baseline(
    store: &Store,
    selector: &Selector,
    by: &[Label],
    grid: &Grid,
    past: &PastWeeks,
) -> Result<Vec<Series<BaselinePoint>>> {
    let groups = groups(store, selector, by);
    check_numbers(groups.len(), grid.count(), past.weeks_ms.len() as u64 + 1)?;
    let now = values(store, &groups, grid, &past.measure)?;
    let troubles: ByGroup<_> = groups
        .iter()
        .map(|group| (group.labels.clone(), troubles(past, selector, &group.labels)))
        .collect();
    let mut usual: ByGroup<BTreeMap<TimestampMs, Vec<f64>>> = BTreeMap::new();
    for &back_ms in &past.weeks_ms {
        for (labels, values) in values(store, &groups, &grid.earlier(back_ms), &past.measure)? {
            let troubles = troubles.get(&labels).map_or(&[][..], Vec::as_slice);
            let quiet = |t: TimestampMs| !touches(troubles, &(t.plus_ms(-grid.window_ms())..t));
            let samples = usual.entry(labels).or_default();
            for (t, value) in values.into_iter().filter(|(t, _)| quiet(*t)) {
                samples.entry(t.plus_ms(back_ms)).or_default().push(value);
            }
        }
    }
    let series = groups.into_iter().map(|Group { labels, .. }| {
        let (now, usual) = (now.get(&labels), usual.get(&labels));
        Series { points: points(now, usual), labels }
    });
    Ok(series.filter(|series| !series.points.is_empty()).collect())
}

/// Something for each group, by its labels.
type ByGroup<T> = BTreeMap<Vec<(Label, String)>, T>;
/// A value for each point.
type Values = BTreeMap<TimestampMs, f64>;

/// What was measured at each point that has something to go by.
fn measured(
    store: &Store,
    groups: &[Group],
    grid: &Grid,
    measure: &Measure,
) -> Result<ByGroup<Values>> {
    let series = activity_series(store, groups.to_vec(), grid, measure.wanted(), |t, _, sum| {
        Some((t, measure.of(sum)?))
    })?;
    Ok(series.into_iter().map(|one| (one.labels, one.points.into_iter().collect())).collect())
}

/// As [`measured`], and a count of zero where the group was alive.
fn values(
    store: &Store,
    groups: &[Group],
    grid: &Grid,
    measure: &Measure,
) -> Result<ByGroup<Values>> {
    let found = measured(store, groups, grid, measure)?;
    if *measure != Measure::Count {
        return Ok(found);
    }
    let day = grid.with_window(grid.window_ms().max(DAY_MS))?;
    let mut alive = measured(store, groups, &day, measure)?;
    alive.values_mut().flat_map(BTreeMap::values_mut).for_each(|count| *count = 0.0);
    for (labels, counts) in found {
        alive.entry(labels).or_default().extend(counts);
    }
    Ok(alive)
}

fn points(
    now: Option<&Values>,
    usual: Option<&BTreeMap<TimestampMs, Vec<f64>>>,
) -> Vec<BaselinePoint> {
    let mut points: BTreeMap<TimestampMs, BaselinePoint> = BTreeMap::new();
    let empty = |t| BaselinePoint { t, value: None, expected: None };
    for (t, value) in now.into_iter().flatten() {
        points.entry(*t).or_insert_with(|| empty(*t)).value = Some(*value);
    }
    for (t, values) in usual.into_iter().flatten() {
        points.entry(*t).or_insert_with(|| empty(*t)).expected = ExpectedValue::of(values);
    }
    points.into_values().collect()
}

/// The times of the incidents that count for a group, apart from each other and ascending.
fn troubles(
    past: &PastWeeks,
    selector: &Selector,
    group: &[(Label, String)],
) -> Vec<Range<TimestampMs>> {
    let counts = |incident: &&ExcludedPeriod| {
        let mut agree = incident
            .labels
            .iter()
            .filter_map(|(label, value)| selector.known(group, *label).map(|known| known == value));
        agree.next().is_some_and(|first| first && agree.all(|agrees| agrees))
    };
    let mut times: Vec<_> =
        past.excluded.iter().filter(counts).map(|incident| incident.during.clone()).collect();
    times.sort_by_key(|during| during.start);
    let mut apart: Vec<Range<TimestampMs>> = Vec::new();
    for during in times {
        match apart.last_mut() {
            Some(last) if during.start <= last.end => last.end = last.end.max(during.end),
            _ => apart.push(during),
        }
    }
    apart
}

/// Whether a window overlaps one of some times, which are apart and ascending.
fn touches(times: &[Range<TimestampMs>], window: &Range<TimestampMs>) -> bool {
    let next = times.partition_point(|during| during.end <= window.start);
    times.get(next).is_some_and(|during| during.start < window.end)
}

#[cfg(test)]
mod tests;
