//! The durations of the newest minutes, coarse: only to say in a page what the quantile is. What is
//! decided rests on counts.

use plimsoll_storage::Histogram;

/// Length of a part, in ms. What is told covers one to two of them.
const PART_MS: i64 = 5 * 60_000;
/// Scale of the buckets: a ratio of 2^(1/8), 9 %.
const SCALE: i8 = 3;

/// The current part and the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    part: i64,
    current: Histogram,
    before: Histogram,
}

impl Recent {
    pub(super) fn add(&mut self, at_ms: i64, durations: &Histogram) {
        let part = at_ms.div_euclid(PART_MS);
        if part < self.part - 1 {
            return;
        }
        if part > self.part {
            let current = std::mem::take(&mut self.current);
            self.before = if part == self.part + 1 { current } else { Histogram::default() };
            self.part = part;
        }
        let held = if part == self.part { &mut self.current } else { &mut self.before };
        held.lower_scale(SCALE);
        held.merge(durations);
    }

    /// The q-quantile in seconds.
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let mut sum = self.before.clone();
        sum.merge(&self.current);
        Some(sum.quantile(q)?.value_s)
    }
}
