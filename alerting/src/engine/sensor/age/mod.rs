//! The age of the newest event, report or successful run. Its limit may follow the rhythm of the stream.

mod rhythm;
mod usual;

use plimsoll_storage::{Cell, Outcome, TimestampMs};

use self::rhythm::Rhythm;
use crate::engine::evidence::Measured;
use crate::engine::sensor::context::{SensorContext, lowest_threshold};
use crate::engine::sensor::reading::Reading;
use crate::engine::time::{IncomingCell, MINUTE_MS};
use crate::rule::{Rule, Signal};

/// What is known of one group.
#[derive(Debug, Clone, Default)]
pub(in crate::engine) struct AgeSensor {
    /// The newest that is known; `None` before the first.
    newest: Option<TimestampMs>,
    /// What the age is counted from before the first; `None` when nothing is expected.
    expected: Option<TimestampMs>,
    /// `None` for rules whose thresholds do not follow it.
    rhythm: Option<Box<Rhythm>>,
}

impl AgeSensor {
    pub(super) fn new(rule: &Rule) -> Self {
        Self { newest: None, expected: None, rhythm: rule.baseline.map(|_| Box::default()) }
    }

    /// Adds a cell.
    pub(super) fn add(&mut self, rule: &Rule, incoming: &IncomingCell<'_>, cell: &Cell) {
        let Some(at) = time_of(rule, cell, incoming.width.end(incoming.slot)) else { return };
        self.note(at);
        if let Some(rhythm) = &mut self.rhythm {
            // A heartbeat may carry the time of an earlier event.
            rhythm.add((at.0 - 1).div_euclid(MINUTE_MS), incoming.step_ms);
        }
    }

    /// What the age is counted from.
    pub(super) fn counted_from(&self) -> Option<TimestampMs> {
        self.newest.or(self.expected)
    }

    /// Counts the age from a time on while nothing is known.
    pub(super) fn expect_from(&mut self, at: TimestampMs) {
        self.expected = self.expected.or(Some(at));
    }

    /// Notes an event that is known without its cell.
    pub(super) fn note(&mut self, at: TimestampMs) {
        self.newest = self.newest.max(Some(at));
    }

    /// Counts the age from another time.
    pub(super) const fn count_from(&mut self, at: TimestampMs) {
        let counted = if self.newest.is_some() { &mut self.newest } else { &mut self.expected };
        *counted = Some(at);
    }

    /// Learns from the minutes that are complete. A silence of which an alert is open is not usual.
    pub(super) fn learn(&mut self, context: &SensorContext<'_>) {
        if let Some(rhythm) = &mut self.rhythm {
            rhythm.learn(context.days, context.end.last_minute(), context.open.is_some());
        }
    }

    /// The age at the end of a slot, against the thresholds of the rule, raised to a multiple of the longest
    /// silence that is usual then.
    pub(super) fn reading(&mut self, context: &SensorContext<'_>) -> Reading {
        let SensorContext { rule, end, at_rest, .. } = *context;
        self.learn(context);
        let Some(newest) = self.counted_from() else { return Reading::NoData };
        let age_s = end.at.since_ms(newest).max(0) as f64 / 1e3;
        if at_rest && age_s <= lowest_threshold(rule) {
            return Reading::Quiet;
        }
        let of_reports = matches!(rule.signal, Signal::Absence { .. });
        let usual_s = |it: &Rhythm| it.usual_s(context.days, end.at, of_reports);
        let usual_s = self.rhythm.as_deref().map_or(0.0, usual_s);
        let least = rule.baseline.map_or(0.0, |baseline| baseline.times * usual_s);
        if at_rest && age_s <= least {
            return Reading::Quiet;
        }
        let measured = Measured { value: age_s, count: 1, lower: age_s, upper: age_s };
        Reading::of(measured.evaluate_raised(rule, least))
    }
}

/// The time of a cell that ends `end` which the age is counted from; `None` when it has none.
fn time_of(rule: &Rule, cell: &Cell, end: TimestampMs) -> Option<TimestampMs> {
    const GOOD: [Outcome; 2] = [Outcome::Success, Outcome::Status2xx];
    match &rule.signal {
        Signal::Absence { .. } => Some(cell.last_at.map_or(end, |last_at| last_at.max(end))),
        Signal::Run { .. } if cell.outcomes.sum_of(&GOOD) == 0 => None,
        _ => cell.last_at,
    }
}
