//! Whether a share is too high in any of several windows, by weight of evidence.
//!
//! A window proves it when
//!
//! 1. its share is above the limit,
//! 2. the evidence against a true share of `margin * limit` is stronger than required (Chernoff's bound, see
//!    [`bound`]),
//! 3. enough of its minutes are bad, so that a burst of a minute or two never counts,
//! 4. its newest fifth is bad too, so that a problem in the past does not count,
//! 5. a few bad items are spread over some time, and
//! 6. it is still bad without its two worst minutes.
//!
//! Looking at several windows at once is a scan statistic: short windows detect a storm within minutes, long
//! windows detect what fails once in ten minutes.

use crate::engine::bound;
use crate::engine::compact::Ring;
use crate::engine::evidence::Unmet;
use crate::rule::ScanSettings;

/// Longest burst, in minutes: a window must be bad without as many of its worst minutes.
const WORST_MINUTES: usize = 2;
/// Evidence that is required of the rest of a window, in nats: an error of one in twenty.
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
    /// Minutes up to this one do not count, because an alert resolved in it.
    pub(super) resolved_minute: i64,
}

impl Minutes<'_> {
    /// (bad, all) of a minute.
    fn get(self, minute: i64) -> (u32, u32) {
        if minute <= self.resolved_minute {
            return (0, 0);
        }
        (self.ring.count(minute, self.bad), self.ring.count(minute, ALL))
    }
}

/// The counts of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WindowCounts {
    /// Length of the window.
    pub(super) window_min: u32,
    /// Bad items.
    pub(super) bad: u64,
    /// All items.
    pub(super) all: u64,
}

/// The shortest window, ending with minute `end`, that proves the share to be above `limit`.
pub(super) fn detect(
    minutes: Minutes<'_>,
    end: i64,
    limit: f64,
    scan: &ScanSettings,
) -> Option<WindowCounts> {
    let (mut sum, mut recent) = (Sum::default(), Sum::default());
    for &window_min in &scan.windows_min {
        recent.extend(minutes, end, recent_min(window_min), limit);
        if recent.bad as f64 <= limit * recent.all as f64 {
            continue;
        }
        sum.extend(minutes, end, window_min, limit);
        if sum.is_proof(limit, scan) {
            return Some(WindowCounts { window_min, bad: sum.bad, all: sum.all });
        }
    }
    None
}

/// The counts of a window that ends with minute `end`.
pub(super) fn counts(minutes: Minutes<'_>, end: i64, window_min: u32) -> WindowCounts {
    let mut sum = Sum::default();
    sum.extend(minutes, end, window_min, 1.0);
    WindowCounts { window_min, bad: sum.bad, all: sum.all }
}

/// What of the conditions of a window, beside its share and the evidence, is not met.
pub(super) fn unmet(
    minutes: Minutes<'_>,
    end: i64,
    window_min: u32,
    limit: f64,
    scan: &ScanSettings,
) -> Option<Unmet> {
    let (mut sum, mut recent) = (Sum::default(), Sum::default());
    sum.extend(minutes, end, window_min, limit);
    recent.extend(minutes, end, recent_min(window_min), limit);
    let is_recent = recent.bad as f64 > limit * recent.all as f64;
    let of_parts = || {
        (!is_recent).then_some(Unmet::NewestPart).or_else(|| {
            let is_bad = sum.is_bad_without_worst(scan.margin * limit);
            (!is_bad).then_some(Unmet::WorstMinutes)
        })
    };
    sum.unmet(scan).or_else(of_parts)
}

/// The newest minutes of an alert that was detected in a window of `detected_min`: the shortest window with
/// `count` items; `None` while there are fewer.
pub(super) fn present(
    minutes: Minutes<'_>,
    end: i64,
    detected_min: u32,
    count: u64,
    scan: &ScanSettings,
) -> Option<WindowCounts> {
    let least = recent_min(detected_min);
    let mut windows = std::iter::once(least).chain(scan.windows_min.iter().copied());
    windows.find_map(|window_min| {
        if window_min < least {
            return None;
        }
        let counts = counts(minutes, end, window_min);
        (counts.all >= count.max(1)).then_some(counts)
    })
}

/// The newest part of a window that must be bad as well: a fifth of it.
pub(super) const fn recent_min(window_min: u32) -> u32 {
    window_min.div_ceil(5)
}

/// A sum over the newest minutes, which is extended into the past.
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

    /// Whether the minutes prove that the share is above a limit.
    fn is_proof(&self, limit: f64, scan: &ScanSettings) -> bool {
        self.unmet(scan).is_none()
            && self.bad as f64 > limit * self.all as f64
            && bound::is_above(self.bad, self.all, scan.margin * limit, scan.evidence)
            && self.is_bad_without_worst(scan.margin * limit)
    }

    /// Whether enough minutes are bad, and a few bad items are spread.
    fn unmet(&self, scan: &ScanSettings) -> Option<Unmet> {
        let span = self.bad_ages.map_or(0, |(newest, oldest)| oldest - newest);
        if self.bad_minutes < scan.bad_minutes {
            return Some(Unmet::BadMinutes);
        }
        let is_spread = self.bad >= u64::from(scan.few) || span > scan.few_span_min;
        (!is_spread).then_some(Unmet::Spread)
    }

    /// Whether the minutes prove it without the worst ones as well.
    fn is_bad_without_worst(&self, share: f64) -> bool {
        let worst = self.worst.iter().fold((0, 0), |sum, (bad, all)| (sum.0 + bad, sum.1 + all));
        let bad = self.bad - u64::from(worst.0);
        bound::is_above(bad, self.all.saturating_sub(u64::from(worst.1)), share, REST_EVIDENCE)
    }
}

#[cfg(test)]
mod tests;
