//! Whether a share is too high in any of several windows, by weight of evidence: the heart of the
//! rules that adapt.
//!
//! A window speaks when (1) its share lies above the limit, (2) the evidence against a true share of
//! `margin * limit` is stronger than asked for (Chernoff's bound, see [`crate::engine::bound`]), (3) enough of
//! its minutes are bad in themselves, so that a burst of a minute or two never counts, (4) its newest
//! fifth is bad too, so that what is over does not count, (5) a handful of bad items is spread over
//! some time, and (6) what is left without the two worst minutes is bad still. Looking at several windows at once is a scan statistic: the short ones find a
//! storm in minutes, the long ones find what fails once in ten minutes.

use super::ring::Ring;
use crate::engine::bound;
use crate::rule::ScanSettings;

/// A burst lasts this many minutes at most; what is left of a window without so many of its worst
/// must speak for itself.
const WORST_MINUTES: usize = 2;
/// Evidence that the rest of a window must have, in nats: an error of one in twenty.
const REST_EVIDENCE: f64 = 3.0;

/// Columns of a ring of minutes: items, and those of them that are bad at a severity.
pub(super) const ALL: usize = 0;
pub(super) const COLUMNS: usize = 3;

/// The newest minutes of a group as one severity of a rule sees them.
#[derive(Clone, Copy)]
pub(super) struct Minutes<'a> {
    pub(super) ring: &'a Ring<COLUMNS>,
    /// The column of bad items.
    pub(super) bad: usize,
    /// Minutes up to this one do not count: an alert has ended in it.
    pub(super) ended: i64,
}

impl Minutes<'_> {
    /// (bad, all) of a minute.
    fn get(self, minute: i64) -> (u32, u32) {
        if minute <= self.ended {
            return (0, 0);
        }
        (self.ring.count(minute, self.bad), self.ring.count(minute, ALL))
    }
}

/// What a window holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Finding {
    /// Length of the window.
    pub(super) window_min: u32,
    /// Bad items in it.
    pub(super) bad: u64,
    /// Items in it.
    pub(super) all: u64,
}

/// The shortest window, ending with minute `end`, that proves the share to be above `limit`.
pub(super) fn proof(
    minutes: Minutes<'_>,
    end: i64,
    limit: f64,
    scan: &ScanSettings,
) -> Option<Finding> {
    let (mut sum, mut recent) = (Sum::default(), Sum::default());
    for &window_min in &scan.windows_min {
        recent.extend(minutes, end, recent_min(window_min), limit);
        if recent.bad as f64 <= limit * recent.all as f64 {
            continue;
        }
        sum.extend(minutes, end, window_min, limit);
        if sum.speaks(limit, scan) {
            return Some(Finding { window_min, bad: sum.bad, all: sum.all });
        }
    }
    None
}

/// What the newest minutes say about an alert that was found in a window: nothing while there are
/// fewer than `count` items, or else the share over the shortest stretch that has as many.
pub(super) fn now(
    minutes: Minutes<'_>,
    end: i64,
    found_min: u32,
    count: u64,
    scan: &ScanSettings,
) -> Option<Finding> {
    let least = recent_min(found_min);
    let mut stretches = std::iter::once(least).chain(scan.windows_min.iter().copied());
    stretches.find_map(|window_min| {
        if window_min < least {
            return None;
        }
        let mut sum = Sum::default();
        sum.extend(minutes, end, window_min, 1.0);
        (sum.all >= count.max(1)).then_some(Finding { window_min, bad: sum.bad, all: sum.all })
    })
}

/// The newest part of a window that must be bad as well: a fifth of it.
pub(super) const fn recent_min(window_min: u32) -> u32 {
    window_min.div_ceil(5)
}

/// A sum over the newest minutes that grows into the past.
#[derive(Default)]
struct Sum {
    length_min: u32,
    bad: u64,
    all: u64,
    bad_minutes: u32,
    /// Age of the newest and of the oldest minute with a bad item.
    bad_ages: Option<(u32, u32)>,
    /// The minutes with the most bad items, (bad, all).
    worst: [(u32, u32); WORST_MINUTES],
}

impl Sum {
    fn extend(&mut self, minutes: Minutes<'_>, end: i64, to: u32, limit: f64) {
        for age in self.length_min..to {
            let (bad, all) = minutes.get(end - i64::from(age));
            self.bad += u64::from(bad);
            self.all += u64::from(all);
            if bad > 0 {
                self.bad_minutes += u32::from(f64::from(bad) > limit * f64::from(all));
                if let Some(rank) = self.worst.iter().position(|(held, _)| bad > *held) {
                    self.worst[rank..].rotate_right(1);
                    self.worst[rank] = (bad, all);
                }
                self.bad_ages = Some((self.bad_ages.map_or(age, |(newest, _)| newest), age));
            }
        }
        self.length_min = self.length_min.max(to);
    }

    fn speaks(&self, limit: f64, scan: &ScanSettings) -> bool {
        let span = self.bad_ages.map_or(0, |(newest, oldest)| oldest - newest);
        self.bad_minutes >= scan.bad_minutes
            && (self.bad >= u64::from(scan.few) || span > scan.few_span_min)
            && self.bad as f64 > limit * self.all as f64
            && bound::is_above(self.bad, self.all, scan.margin * limit, scan.evidence)
            && self.is_bad_without_worst(scan.margin * limit)
    }

    /// Whether what is left without the worst minutes speaks against the share as well.
    fn is_bad_without_worst(&self, share: f64) -> bool {
        let worst = self.worst.iter().fold((0, 0), |sum, (bad, all)| (sum.0 + bad, sum.1 + all));
        let bad = self.bad - u64::from(worst.0);
        bound::is_above(bad, self.all.saturating_sub(u64::from(worst.1)), share, REST_EVIDENCE)
    }
}

#[cfg(test)]
mod tests;
