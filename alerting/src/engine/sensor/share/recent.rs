//! The durations of the newest minutes, only to show their quantile in notifications.

use plimsoll_storage::Histogram;

use crate::engine::compact::CoarseHistogram;

/// Length of a part, in ms. The quantile covers one to two parts.
const PART_MS: i64 = 5 * 60_000;

/// The durations of the current part and of the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct RecentDurations {
    part: i64,
    current: CoarseHistogram,
    before: CoarseHistogram,
}

impl RecentDurations {
    /// Adds durations of a time; those of older parts are ignored.
    pub(super) fn add(&mut self, at_ms: i64, durations: &Histogram) {
        let part = at_ms.div_euclid(PART_MS);
        if part < self.part - 1 {
            return;
        }
        if part > self.part {
            let current = std::mem::take(&mut self.current);
            self.before = if part == self.part + 1 { current } else { CoarseHistogram::default() };
            self.part = part;
        }
        let held = if part == self.part { &mut self.current } else { &mut self.before };
        held.add(durations);
    }

    /// The q-quantile in seconds; `None` when there are no durations.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let mut sum = self.before.clone();
        sum.merge(&self.current);
        sum.quantile(q)
    }
}
