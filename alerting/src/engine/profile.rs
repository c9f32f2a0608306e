//! How much arrives at which time of the day: the median of the last days of the same kind, by
//! quarter of an hour of the partner's local time.

use super::calendar::{DayKind, LocalQuarter, QUARTERS};
use super::compact::Code;

/// Days of a kind that are remembered.
const DAYS: usize = 5;

/// Rates by quarter, in items a minute; the newest day first.
type Days = [[Code; DAYS]; QUARTERS];

/// Work days, then weekends; `None` while no day of the kind is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile([Option<Box<Days>>; 2]);

impl Profile {
    /// Learns what a quarter was like. Holidays teach nothing.
    pub(super) fn learn(&mut self, at: LocalQuarter, rate: f64) {
        let Some(row) = row(at.kind) else { return };
        let days = self.0[row].get_or_insert_with(|| Box::new([[Code::UNKNOWN; DAYS]; QUARTERS]));
        let held = &mut days[at.quarter % QUARTERS];
        held.rotate_right(1);
        held[0] = Code::new(rate);
    }

    /// The rate to expect at least: the lowest of the quarter and its neighbours, so that a day that
    /// is a little early or late is no drop. After a change of the clocks that holds for the quarter
    /// as it was before, too, and near a day of another kind for both kinds. `None` where no day of
    /// this kind is known.
    pub(super) fn expected(&self, at: LocalQuarter) -> Option<f64> {
        let own = self.lowest(at, at.kind)?;
        let near = at.near.and_then(|kind| self.lowest(at, kind));
        near.map_or(own, |near| near.min(own)).value()
    }

    fn lowest(&self, at: LocalQuarter, kind: DayKind) -> Option<Code> {
        let days = self.0[row(kind).unwrap_or(0)].as_ref()?;
        median(&days[at.quarter % QUARTERS]).value()?;
        let lowest = |quarter: usize| {
            let around = [quarter, quarter + QUARTERS - 1, quarter + 1];
            // What is not known comes after every other.
            around.into_iter().map(|it| median(&days[it % QUARTERS])).min()
        };
        let before = lowest(at.quarter + QUARTERS - at.put_forward);
        lowest(at.quarter).min(before)
    }
}

/// The row of a kind of day; a holiday is held against the work day.
const fn row(kind: DayKind) -> Option<usize> {
    match kind {
        DayKind::WorkDay => Some(0),
        DayKind::Weekend => Some(1),
        DayKind::Holiday => None,
    }
}

/// The median of the known days; of an even number the lower one.
fn median(days: &[Code; DAYS]) -> Code {
    let mut sorted = *days;
    sorted.sort_unstable();
    let known = sorted.partition_point(|rate| *rate < Code::UNKNOWN);
    sorted[known.saturating_sub(1) / 2]
}

#[cfg(test)]
mod tests;
