//! The age of the newest event, report or successful run.

use plimsoll_storage::{Cell, Outcome, TimestampMs};

use crate::engine::sensor::context::SensorContext;
use crate::engine::sensor::reading::Reading;
use crate::rule::{Rule, Signal};

/// The time of a cell that ends `end` which the age is counted from; `None` when it has none.
pub(super) fn time_of(rule: &Rule, cell: &Cell, end: TimestampMs) -> Option<TimestampMs> {
    const GOOD: [Outcome; 2] = [Outcome::Success, Outcome::Status2xx];
    match &rule.signal {
        Signal::Absence { .. } => Some(cell.last_at.map_or(end, |last_at| last_at.max(end))),
        Signal::Run { .. } if cell.outcomes.sum_of(&GOOD) == 0 => None,
        _ => cell.last_at,
    }
}

/// The reading of an age.
pub(super) fn reading(context: &SensorContext<'_>, newest: Option<TimestampMs>) -> Reading {
    newest.map_or(Reading::NoData, |newest| {
        let age_s = context.end.at.since_ms(newest).max(0) as f64 / 1e3;
        context.exact(age_s, 1)
    })
}
