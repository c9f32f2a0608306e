//! The baseline query: what is measured now, and what the same weekday and time of past weeks lead to expect.
//!
//! The caller decides how far back each week lies: 7 × 24 h in UTC, an hour more or less where clocks were
//! changed in between. Weeks that overlap an excluded period, such as a recorded alert, have no value.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_storage::{CellSum, Columns, Label, Store, TimestampMs};

use crate::engine::{DURATIONS, OUTCOMES, activity_series};
use crate::select::{Grid, Group, Result, Selector, Series, check_numbers, groups};
use crate::statistics::{ClassRatio, ExpectedValue};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A week.
pub const WEEK_MS: i64 = 7 * DAY_MS;

/// What a baseline measures.
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
    const fn columns(&self) -> Columns {
        match self {
            Self::Count | Self::Ratio(_) => OUTCOMES,
            Self::Quantile(_) => DURATIONS,
        }
    }

    /// The value of a window; `None` when the window has none.
    fn of(&self, sum: &CellSum) -> Option<f64> {
        let value = match self {
            Self::Count => sum.outcomes().total() as f64,
            Self::Ratio(ratio) => ratio.value(sum.outcomes())?,
            Self::Quantile(q) => sum.quantile(*q)?.value_s,
        };
        value.is_finite().then_some(value)
    }
}

/// A period that does not count towards a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedPeriod {
    /// The labels it applies to.
    pub labels: Vec<(Label, String)>,
    /// From its start up to the first time after it.
    pub during: Range<TimestampMs>,
}

impl ExcludedPeriod {
    /// Whether the period applies to a group: they have a label in common and agree on all common labels.
    fn applies_to(&self, selector: &Selector, group: &[(Label, String)]) -> bool {
        let known = |(label, value): &(Label, String)| {
            selector.known(group, *label).map(|known| known == value)
        };
        let mut agree = self.labels.iter().filter_map(known);
        agree.next().is_some_and(|first| first && agree.all(|agrees| agrees))
    }
}

/// The weeks that a baseline is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct PastWeeks {
    /// What is measured.
    pub measure: Measure,
    /// How far back each of the past weeks lies, in ms; see [`utc_weeks`].
    pub weeks_ms: Vec<i64>,
    /// Periods to leave out. A period applies to a group when they have a label in common and agree on all
    /// common labels.
    pub excluded: Vec<ExcludedPeriod>,
}

/// How far back each of some weeks lies where clocks are never changed, in ms.
#[must_use]
pub fn utc_weeks(weeks: u32) -> Vec<i64> {
    (1..=i64::from(weeks)).map(|week| week * WEEK_MS).collect()
}

/// The measured and the expected value of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselinePoint {
    /// The end of the window.
    pub t: TimestampMs,
    /// The value measured in it; `None` when the window has none.
    pub value: Option<f64>,
    /// The expected value; `None` when no past week has a value.
    pub expected: Option<ExpectedValue>,
}

/// The measured and the expected value at each point of a grid, by group.
///
/// A window has a ratio or quantile when it has the items for one. It has a count when anything was reported
/// in the day before its end; an empty window then counts as zero.
///
/// # Errors
/// The store cannot be read, the budget of the grid is exceeded, or groups × points × weeks are too many
/// numbers.
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
    let excluded: ByGroup<_> = groups
        .iter()
        .map(|group| (group.labels.clone(), excluded(past, selector, &group.labels)))
        .collect();
    let mut samples: ByGroup<Samples> = BTreeMap::new();
    for &back_ms in &past.weeks_ms {
        for (labels, values) in values(store, &groups, &grid.earlier(back_ms), &past.measure)? {
            let excluded = excluded.get(&labels).map_or(&[][..], Vec::as_slice);
            let samples = samples.entry(labels).or_default();
            for (t, value) in values {
                if !overlaps(excluded, &(t.plus_ms(-grid.window_ms())..t)) {
                    samples.entry(t.plus_ms(back_ms)).or_default().push(value);
                }
            }
        }
    }
    let series = groups.into_iter().map(|Group { labels, .. }| {
        let points = points(now.get(&labels), samples.get(&labels));
        Series { labels, points }
    });
    Ok(series.filter(|series| !series.points.is_empty()).collect())
}

/// A value for each group, by its labels.
type ByGroup<T> = BTreeMap<Vec<(Label, String)>, T>;
/// The value of each point.
type Values = BTreeMap<TimestampMs, f64>;
/// The values of past weeks for each point.
type Samples = BTreeMap<TimestampMs, Vec<f64>>;

/// The value of each point that has one.
fn measured(
    store: &Store,
    groups: &[Group],
    grid: &Grid,
    measure: &Measure,
) -> Result<ByGroup<Values>> {
    let series = activity_series(store, groups.to_vec(), grid, measure.columns(), |t, _, sum| {
        Some((t, measure.of(sum)?))
    })?;
    Ok(series.into_iter().map(|one| (one.labels, one.points.into_iter().collect())).collect())
}

/// As [`measured`], and a count of zero where the group reported something in the day before.
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
    let day = grid.with_window_min(DAY_MS);
    let mut values = measured(store, groups, &day, measure)?;
    values.values_mut().flat_map(BTreeMap::values_mut).for_each(|count| *count = 0.0);
    for (labels, counts) in found {
        values.entry(labels).or_default().extend(counts);
    }
    Ok(values)
}

fn points(now: Option<&Values>, samples: Option<&Samples>) -> Vec<BaselinePoint> {
    let mut points: BTreeMap<TimestampMs, BaselinePoint> = BTreeMap::new();
    let empty = |t| BaselinePoint { t, value: None, expected: None };
    for (t, value) in now.into_iter().flatten() {
        points.entry(*t).or_insert_with(|| empty(*t)).value = Some(*value);
    }
    for (t, values) in samples.into_iter().flatten() {
        points.entry(*t).or_insert_with(|| empty(*t)).expected = ExpectedValue::of(values);
    }
    points.into_values().collect()
}

/// The excluded periods of a group, merged where they overlap, ascending.
fn excluded(
    past: &PastWeeks,
    selector: &Selector,
    group: &[(Label, String)],
) -> Vec<Range<TimestampMs>> {
    let applying = past.excluded.iter().filter(|period| period.applies_to(selector, group));
    let mut periods: Vec<_> = applying.map(|period| period.during.clone()).collect();
    periods.sort_by_key(|during| during.start);
    let mut merged: Vec<Range<TimestampMs>> = Vec::new();
    for during in periods {
        match merged.last_mut() {
            Some(last) if during.start <= last.end => last.end = last.end.max(during.end),
            _ => merged.push(during),
        }
    }
    merged
}

/// Whether a window overlaps one of some periods, which are ascending and do not overlap each other.
fn overlaps(periods: &[Range<TimestampMs>], window: &Range<TimestampMs>) -> bool {
    let next = periods.partition_point(|during| during.end <= window.start);
    periods.get(next).is_some_and(|during| during.start < window.end)
}

#[cfg(test)]
mod tests;
