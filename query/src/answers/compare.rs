//! Two answers side by side: now and a week ago, or one release and another.

use std::collections::BTreeMap;

use plimsoll_storage::{Label, Store, TimestampMs};

use crate::select::{Group, Series};

/// The points of two answers at one time. At least one of them is present.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<P> {
    /// The time, as in the first answer.
    pub t: TimestampMs,
    /// The point of the first answer.
    pub a: Option<P>,
    /// The point of the second.
    pub b: Option<P>,
}

/// Pairs the points of two answers to one query, where those of the second are `earlier_ms` before those of
/// the first. Series keep the order of the first answer; series that only the second has come last.
#[must_use]
pub fn pair<P>(
    a: Vec<Series<P>>,
    b: Vec<Series<P>>,
    earlier_ms: i64,
    t: impl Fn(&P) -> TimestampMs,
) -> Vec<Series<Pair<P>>> {
    let mut others: BTreeMap<_, _> =
        b.into_iter().map(|series| (series.labels, series.points)).collect();
    let mut paired: Vec<_> = a
        .into_iter()
        .map(|Series { labels, points }| {
            let others = others.remove(&labels).unwrap_or_default();
            Series { labels, points: pair_points(points, others, earlier_ms, &t) }
        })
        .collect();
    paired.extend(others.into_iter().map(|(labels, points)| Series {
        labels,
        points: pair_points(Vec::new(), points, earlier_ms, &t),
    }));
    paired
}

fn pair_points<P>(
    a: Vec<P>,
    b: Vec<P>,
    earlier_ms: i64,
    t: impl Fn(&P) -> TimestampMs,
) -> Vec<Pair<P>> {
    let mut pairs: BTreeMap<TimestampMs, Pair<P>> = BTreeMap::new();
    for point in a {
        let t = t(&point);
        pairs.insert(t, Pair { t, a: Some(point), b: None });
    }
    for point in b {
        let t = t(&point).plus_ms(earlier_ms);
        pairs.entry(t).or_insert(Pair { t, a: None, b: None }).b = Some(point);
    }
    pairs.into_values().collect()
}

/// The same groups, each with only the streams whose label has a value. A group may become empty.
#[must_use]
pub fn filter_by_label(store: &Store, groups: &[Group], label: Label, value: &str) -> Vec<Group> {
    let has = |stream: &_| {
        let labels = store.stream_labels(*stream, &[label]);
        labels.first().is_some_and(|found| found == value)
    };
    let filtered = |group: &Group| Group {
        labels: group.labels.clone(),
        streams: group.streams.iter().copied().filter(has).collect(),
    };
    groups.iter().map(filtered).collect()
}

#[cfg(test)]
mod tests;
