//! How much arrives at which time of the day: the median of the last days of the same kind, by
//! quarter of an hour of the partner's local time.

use super::calendar::{DayKind, LocalQuarter, QUARTERS};

/// Days of a kind that are remembered.
const DAYS: usize = 5;

/// Rates by quarter, in items a minute.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    /// Work days, then weekends; per quarter the newest days, `NAN` where none is known.
    rates: [Box<[[f32; DAYS]; QUARTERS]>; 2],
    /// Medians of `rates`, `NAN` where no day is known.
    medians: [Box<[f32; QUARTERS]>; 2],
    /// Where the next day goes.
    next: [Box<[u8; QUARTERS]>; 2],
}

impl Default for Profile {
    fn default() -> Self {
        let rates = || Box::new([[f32::NAN; DAYS]; QUARTERS]);
        let medians = || Box::new([f32::NAN; QUARTERS]);
        let next = || Box::new([0; QUARTERS]);
        Self { rates: [rates(), rates()], medians: [medians(), medians()], next: [next(), next()] }
    }
}

impl Profile {
    /// Learns what a quarter was like. Holidays teach nothing.
    pub(super) fn learn(&mut self, at: LocalQuarter, rate: f32) {
        let Some(kind) = row(at.kind) else { return };
        let quarter = at.quarter % QUARTERS;
        let days = &mut self.rates[kind][quarter];
        let next = &mut self.next[kind][quarter];
        days[usize::from(*next) % DAYS] = rate;
        *next = (*next + 1) % DAYS as u8;
        self.medians[kind][quarter] = median(days);
    }

    /// The rate to expect at least: the lowest of the quarter and its neighbours, so that a day that
    /// is a little early or late is no drop. After a change of the clocks that holds for the quarter
    /// as it was before, too. `None` where no day of this kind is known.
    pub(super) fn expected(&self, at: LocalQuarter) -> Option<f64> {
        let medians = &self.medians[row(at.kind).unwrap_or(0)];
        let lowest = |quarter: usize| {
            let around = [quarter, quarter + QUARTERS - 1, quarter + 1];
            // `min` passes over a neighbour that is not known.
            around.into_iter().map(|it| medians[it % QUARTERS]).fold(f32::NAN, f32::min)
        };
        if medians[at.quarter % QUARTERS].is_nan() {
            return None;
        }
        let before = lowest(at.quarter + QUARTERS - at.put_forward);
        Some(f64::from(lowest(at.quarter).min(before)))
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
fn median(days: &[f32; DAYS]) -> f32 {
    let mut known: Vec<f32> = days.iter().copied().filter(|rate| !rate.is_nan()).collect();
    known.sort_by(f32::total_cmp);
    known.get((known.len().max(1) - 1) / 2).copied().unwrap_or(f32::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(kind: DayKind, quarter: usize) -> LocalQuarter {
        LocalQuarter { kind, quarter, put_forward: 0 }
    }

    #[test]
    fn the_median_of_days_is_expected_and_one_odd_day_does_not_move_it() {
        let mut profile = Profile::default();
        assert_eq!(profile.expected(at(DayKind::WorkDay, 40)), None);
        for rate in [10.0, 11.0, 0.0, 12.0, 10.5] {
            for quarter in 39..42 {
                profile.learn(at(DayKind::WorkDay, quarter), rate);
            }
        }
        assert_eq!(profile.expected(at(DayKind::WorkDay, 40)), Some(10.5));
        assert_eq!(profile.expected(at(DayKind::Holiday, 40)), Some(10.5));
        assert_eq!(profile.expected(at(DayKind::Weekend, 40)), None);
    }

    #[test]
    fn the_lowest_neighbour_is_expected() {
        let mut profile = Profile::default();
        profile.learn(at(DayKind::Weekend, 95), 9.0);
        profile.learn(at(DayKind::Weekend, 0), 5.0);
        profile.learn(at(DayKind::Weekend, 1), 7.0);
        assert_eq!(profile.expected(at(DayKind::Weekend, 95)), Some(5.0));
        assert_eq!(profile.expected(at(DayKind::Weekend, 1)), Some(5.0));
        let moved = LocalQuarter { put_forward: 2, ..at(DayKind::Weekend, 1) };
        assert_eq!(profile.expected(moved), Some(5.0));
    }
}
