//! What is usual at each time of the day, by quarter of an hour of the partner's local time, from the last
//! days of the same kind: how much arrives, or how long silences are.

use crate::engine::calendar::{DayKind, LocalQuarter, QUARTERS};
use crate::engine::compact::LogCode;

/// How many days of a kind are kept.
pub(super) const DAYS: usize = 5;

/// Values by quarter, in items a minute or in minutes; the newest day first.
type Days = [[LogCode; DAYS]; QUARTERS];

/// Work days, then weekends; `None` while no day of the kind is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile([Option<Box<Days>>; 2]);

impl Profile {
    /// Learns the value of a quarter. Nothing is learned on holidays.
    pub(super) fn learn(&mut self, at: LocalQuarter, value: f64) {
        let Some(row) = row(at.kind) else { return };
        let days =
            self.0[row].get_or_insert_with(|| Box::new([[LogCode::UNKNOWN; DAYS]; QUARTERS]));
        let held = &mut days[at.quarter % QUARTERS];
        held.rotate_right(1);
        held[0] = LogCode::new(value);
    }

    /// The rate that is expected at least: the lowest of the quarter and its neighbours, so that a day that
    /// is a little early or late is not a drop. After a change of the clocks the same quarter before the
    /// change counts too, and near a day of another kind the lower of both kinds. `None` when no day of this
    /// kind is known.
    pub(super) fn expected(&self, at: LocalQuarter) -> Option<f64> {
        let own = self.lowest(at, at.kind)?;
        let near = at.near.and_then(|kind| self.lowest(at, kind));
        near.map_or(own, |near| near.min(own)).value()
    }

    /// The values of a quarter on the last days of a kind, the newest first; `None` when none is known.
    pub(super) fn days(&self, kind: DayKind, quarter: usize) -> Option<&[LogCode; DAYS]> {
        let days = &self.0[row(kind)?].as_ref()?[quarter % QUARTERS];
        days[0].value().is_some().then_some(days)
    }

    fn lowest(&self, at: LocalQuarter, kind: DayKind) -> Option<LogCode> {
        let days = self.0[row(kind).unwrap_or(0)].as_ref()?;
        median(&days[at.quarter % QUARTERS]).value()?;
        let lowest = |quarter: usize| {
            let around = [quarter, quarter + QUARTERS - 1, quarter + 1];
            // Unknown rates are greater than every other.
            around.into_iter().map(|it| median(&days[it % QUARTERS])).min()
        };
        let before = lowest(at.quarter + QUARTERS - at.put_forward);
        lowest(at.quarter).min(before)
    }
}

/// The row of a kind of day; a holiday has none and is compared with a work day.
const fn row(kind: DayKind) -> Option<usize> {
    match kind {
        DayKind::WorkDay => Some(0),
        DayKind::Weekend => Some(1),
        DayKind::Holiday => None,
    }
}

/// The median of the known days; of an even number the lower one.
fn median(days: &[LogCode; DAYS]) -> LogCode {
    let mut sorted = *days;
    sorted.sort_unstable();
    let known = sorted.partition_point(|rate| *rate < LogCode::UNKNOWN);
    sorted[known.saturating_sub(1) / 2]
}

#[cfg(test)]
mod tests;
