//! Where a fault is: which operations, sites and releases of a group have it, and which have not.

use plimsoll_query::{Grid, Group};
use plimsoll_storage::{Label, Store, StreamId};

use super::{Measure, Tally};
use crate::error::Result;
use crate::labels::GroupLabels;

/// The labels that a group is narrowed down by, in this order.
const LABELS: [Label; 3] = [Label::Operation, Label::Site, Label::Release];
/// Values of a label that a part names; a fault in more of them is not in a part.
const VALUES_MAX: usize = 3;
/// The part of the fault that its values hold.
const HELD_MIN: f64 = 0.9;
/// How much higher the share of bad items is in a part than elsewhere.
const TIMES_MIN: f64 = 4.0;
/// Bad items of a part.
const BAD_MIN: u64 = 3;

/// A part of a group that has a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) label: Label,
    /// The values that have it, the worst first.
    pub(crate) values: Vec<String>,
    pub(crate) here: Tally,
    /// The other values; no items when all of the group has these values.
    pub(crate) elsewhere: Tally,
}

/// Narrows a group down, label by label, and returns the parts with the streams of the last one. `usual` is
/// the share of bad items before the fault.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn narrow(
    store: &Store,
    measure: Measure<'_>,
    (mut streams, known): (Vec<StreamId>, &GroupLabels),
    usual: f64,
    grid: &Grid,
) -> Result<(Vec<Part>, Vec<StreamId>)> {
    let mut parts = Vec::new();
    for label in LABELS.into_iter().filter(|label| known.get(*label).is_none()) {
        let groups = store.group(&streams, &[label]).into_iter();
        let groups: Vec<(String, Vec<StreamId>)> = groups
            .map(|(values, streams)| (values.into_iter().next().unwrap_or_default(), streams))
            .collect();
        let each = groups.iter().map(|(value, streams)| Group {
            labels: vec![(label, value.clone())],
            streams: streams.clone(),
        });
        let mut values = Vec::new();
        let mut tallies = Vec::new();
        for (labels, points) in measure.tallies(store, each.collect(), grid)? {
            let value = labels.into_iter().next().map(|(_, value)| value);
            values.push(value.unwrap_or_default());
            tallies.push(points.iter().fold(Tally::default(), |sum, (_, one)| sum.plus(*one)));
        }
        let Some(chosen) = concentrated(&tallies, usual) else { continue };
        let sum = |is_in: bool| {
            let each = tallies.iter().enumerate();
            let of = each.filter(|(position, _)| chosen.contains(position) == is_in);
            of.fold(Tally::default(), |sum, (_, one)| sum.plus(*one))
        };
        let named: Vec<String> =
            chosen.iter().filter_map(|position| values.get(*position).cloned()).collect();
        if named.iter().any(String::is_empty) {
            continue;
        }
        let is_in = |value: &String| named.contains(value);
        let held = groups.into_iter().filter(|(value, _)| is_in(value));
        streams = held.flat_map(|(_, streams)| streams).collect();
        streams.sort_unstable();
        parts.push(Part { label, here: sum(true), elsewhere: sum(false), values: named });
    }
    Ok((parts, streams))
}

/// The values, by position, that hold nearly all of a fault while the others have next to none of it, the
/// worst first. A single value holds all.
fn concentrated(tallies: &[Tally], usual: f64) -> Option<Vec<usize>> {
    if tallies.len() == 1 {
        return Some(vec![0]);
    }
    let excess = |one: &Tally| (one.bad as f64 - usual * one.all as f64).max(0.0);
    let all: f64 = tallies.iter().map(excess).sum();
    let mut order: Vec<usize> = (0..tallies.len()).collect();
    let excess_at = |position: &usize| tallies.get(*position).map_or(0.0, excess);
    order.sort_by(|a, b| excess_at(b).total_cmp(&excess_at(a)));
    (1..=VALUES_MAX.min(tallies.len().saturating_sub(1))).find_map(|count| {
        let (chosen, others) = order.split_at(count);
        let sum = |positions: &[usize]| {
            let of = positions.iter().filter_map(|position| tallies.get(*position));
            of.fold(Tally::default(), |sum, one| sum.plus(*one))
        };
        let (here, elsewhere) = (sum(chosen), sum(others));
        let held: f64 = chosen.iter().map(excess_at).sum();
        let is_bad = |position: &usize| {
            tallies.get(*position).is_some_and(|one| one.share() * 3.0 >= here.share())
        };
        let holds = here.bad >= BAD_MIN
            && held >= HELD_MIN * all
            && elsewhere.all > 0
            && here.share() >= TIMES_MIN * elsewhere.share()
            && chosen.iter().all(is_bad);
        holds.then(|| chosen.to_vec())
    })
}

#[cfg(test)]
mod tests;
