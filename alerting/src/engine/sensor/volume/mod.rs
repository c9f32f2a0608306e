//! Drops: fewer arrivals than expected at this time of the week, down to none.
//!
//! The expected count of a window comes from the day profile, lowered by as much as the preceding hours
//! were lower than theirs. The evidence of a window is the likelihood ratio of its count, see
//! [`dispersion`].
//!
//! A minute counts once it is known: where heartbeats are sent, a missing one means "not reported", not
//! "none", and a report also covers the few minutes since the report before it.

mod arrivals;
mod dispersion;
mod expectation;

use plimsoll_storage::TimestampMs;

use self::arrivals::{Arrivals, MINUTES, QUARTERS_HELD, Volume};
use self::dispersion::{BLOCK_MIN, Dispersion};
pub(super) use self::expectation::Expectation;
use self::expectation::Proof;
use crate::engine::calendar::{PartnerDays, QUARTER_MIN};
use crate::engine::compact::NEVER;
use crate::engine::evaluation::Detection;
use crate::engine::evidence::Unmet;
use crate::engine::sensor::profile::Profile;
use crate::engine::sensor::reading::Reading;
use crate::engine::time::{IncomingCell, MINUTE_MS};
use crate::rule::Severity;

/// A quarter is learned this many minutes after its end, so that late batches are in it.
const LEARN_AFTER_MIN: i64 = 30;
/// Minutes of a quarter that must be known for it to be learned.
const LEARN_KNOWN_MIN: usize = 10;
/// Items that the hours before a window are smoothed with, per unit of dispersion.
const SMOOTHING: f64 = 20.0;
/// Minutes without any report after which a drop resolves: what follows is absence.
const GONE_MIN: i64 = 180;
/// An open drop is evaluated over at least this many minutes.
const PRESENT_MIN: u32 = 8;
/// And over at most this many, unless half of the window that detected the drop is longer.
const PRESENT_MIN_MAX: u32 = 45;
/// Squared relative error of an expected count that is small enough: one in five.
const PRESENT_VARIANCE: f64 = 0.04;

/// What is known of one group.
#[derive(Debug, Clone)]
pub(in crate::engine) struct VolumeSensor {
    arrivals: Arrivals,
    /// The first minute that was ever reported.
    first: i64,
    /// The newest minute that was learned from.
    learned: i64,
    /// First minute of the next quarter of the profile.
    next_quarter: i64,
    profile: Profile,
    dispersion: Dispersion,
    /// How often a cell was added to a minute that may have been evaluated.
    revision: u32,
}

impl Default for VolumeSensor {
    fn default() -> Self {
        Self {
            arrivals: Arrivals::default(),
            first: i64::MAX,
            learned: NEVER,
            next_quarter: NEVER,
            profile: Profile::default(),
            dispersion: Dispersion::default(),
            revision: 0,
        }
    }
}

impl VolumeSensor {
    /// Adds the arrivals of a cell.
    pub(super) fn add(&mut self, incoming: &IncomingCell<'_>, count: u64) {
        let minute = incoming.minute();
        self.first = self.first.min(minute);
        self.arrivals.add(minute, u32::try_from(count).unwrap_or(u32::MAX));
        self.revision += u32::from(incoming.is_late());
    }

    /// How often a cell was added to a minute that may have been evaluated.
    pub(super) const fn revision(&self) -> u32 {
        self.revision
    }

    /// Evaluates the complete minutes. Also returns how an alert was detected, when one was.
    pub(super) fn evaluate(
        &mut self,
        expectation: &Expectation<'_>,
        open: Option<(Severity, Detection)>,
    ) -> (Reading, Option<Detection>) {
        self.learn(expectation, open.is_some());
        match open {
            None => self.detect(expectation).unwrap_or((Reading::Quiet, None)),
            Some((open, detection)) => (self.follow(expectation, open, detection), None),
        }
    }

    /// Learns from the complete minutes, and sets how many arrivals are expected of them. While an alert is
    /// open, the profile does not change.
    pub(super) fn learn(&mut self, expectation: &Expectation<'_>, is_open: bool) {
        let minute = expectation.minute;
        self.arrivals.reach(minute);
        if !expectation.has_heartbeats {
            // Without heartbeats nobody reports that nothing arrived: silence means no arrivals.
            let from = self.first.max(self.learned + 1).max(minute - MINUTES + 1);
            (from..=minute).for_each(|silent| self.arrivals.add(silent, 0));
        }
        self.learn_profile(expectation.days, minute, is_open);
        self.expect(expectation, minute);
        self.learned = self.learned.max(minute);
    }

    /// The shortest window that proves a drop.
    fn detect(&self, expectation: &Expectation<'_>) -> Option<(Reading, Option<Detection>)> {
        let minute = expectation.minute;
        let mut volume = Volume::default();
        let mut length_min = 0;
        for &window_min in &expectation.scan.windows_min {
            if minute - i64::from(window_min) < expectation.resolved_minute {
                break;
            }
            volume.add(self.arrivals.newest(minute, length_min, window_min)?);
            length_min = window_min;
            let known = volume.known * 2 >= window_min;
            if !known || expectation.below(&volume, 1.0).is_none() {
                continue;
            }
            let scale = self.scale_before(minute - i64::from(window_min));
            let recent = self.arrivals.newest(minute, 0, window_min.div_ceil(5))?;
            let low = expectation.below(&recent, scale).is_some() || recent.known == 0;
            let Some(severity) = expectation.below(&volume, scale).filter(|_| low) else {
                continue;
            };
            let weight = self.weight(expectation, &volume, scale);
            if weight > expectation.scan.evidence {
                let detection = Detection { window_min, scale };
                let proof = Proof { window_min, weight, unmet: None };
                let comparison = expectation.scanned(&proof);
                let reading = expectation.reading(&volume, scale, severity, comparison);
                return Some((reading, Some(detection)));
            }
        }
        None
    }

    /// The arrivals of the shortest window with an expectation, though they prove nothing.
    pub(super) fn compute_evidence(&self, expectation: &Expectation<'_>) -> Reading {
        let windows = expectation.scan.windows_min.iter().copied();
        let found = windows.filter(|window| *window >= PRESENT_MIN).find_map(|window_min| {
            let volume = self.arrivals.newest(expectation.minute, 0, window_min)?;
            (volume.expected >= 1.0).then_some((window_min, volume))
        });
        let Some((window_min, volume)) = found else { return Reading::NoData };
        let scale = self.scale_before(expectation.minute - i64::from(window_min));
        let Some((lowest, _)) = expectation.rule.thresholds().next_back() else {
            return Reading::NoData;
        };
        let below = expectation.below(&volume, scale);
        let severity = below.unwrap_or(lowest);
        let recent = self.arrivals.newest(expectation.minute, 0, window_min.div_ceil(5));
        let is_low = recent
            .is_some_and(|recent| expectation.below(&recent, scale).is_some() || recent.known == 0);
        let recent_unmet = (!is_low).then_some(Unmet::NewestPart);
        let proof = Proof {
            window_min,
            weight: self.weight(expectation, &volume, scale),
            unmet: below.is_none().then_some(Unmet::Threshold).or(recent_unmet),
        };
        expectation.reading(&volume, scale, severity, expectation.scanned(&proof))
    }

    /// The weight of evidence that fewer items arrive than expected, in nats.
    fn weight(&self, expectation: &Expectation<'_>, volume: &Volume, scale: f64) -> f64 {
        let expected = volume.expected * scale * expectation.scan.margin;
        dispersion::evidence(volume.count, expected, self.dispersion.k_of(volume.known))
    }

    /// Evaluates an open drop: whether the newest part of its window is still low.
    fn follow(
        &self,
        expectation: &Expectation<'_>,
        open: Severity,
        detection: Detection,
    ) -> Reading {
        let minute = expectation.minute;
        if !(minute - GONE_MIN + 1..=minute).any(|it| self.arrivals.get(it).is_some()) {
            // Nothing is reported any more: the alert must not stay open for ever.
            return Reading::Quiet;
        }
        let volume = self.arrivals.newest(minute, 0, self.present_min(minute, detection));
        let Some(volume) = volume.filter(|volume| volume.expected >= 1.0) else {
            return Reading::NoData;
        };
        let reached = expectation.below(&volume, detection.scale);
        let lowest = expectation.rule.thresholds().next_back().map_or(open, |(lowest, _)| lowest);
        let severity = reached.map_or(lowest, |severity| severity.min(open));
        let comparison = expectation.followed(&volume, detection.scale, severity);
        expectation.reading(&volume, detection.scale, severity, comparison)
    }

    /// How many minutes decide whether a drop has ended: half of the window that detected it, or more until
    /// the expected count is certain enough. Otherwise a few more arrivals would look like a recovery.
    fn present_min(&self, minute: i64, detection: Detection) -> u32 {
        let least = (detection.window_min / 2).max(PRESENT_MIN);
        let is_certain = |length_min: &u32| {
            self.arrivals.newest(minute, 0, *length_min).is_none_or(|volume| {
                let expected = volume.expected * detection.scale;
                let k = self.dispersion.k_of(volume.known);
                expected.recip() + k.recip() <= PRESENT_VARIANCE
            })
        };
        (least..PRESENT_MIN_MAX.max(least)).find(is_certain).unwrap_or(PRESENT_MIN_MAX.max(least))
    }

    /// The arrivals of the hours up to a minute as a part of those expected, at most 1. When the hours are
    /// not known, today is taken for a day like others.
    fn scale_before(&self, minute: i64) -> f64 {
        let before = self.arrivals.hours_before(minute).unwrap_or_default();
        let mean = before.expected / f64::from(before.known.max(1)) * BLOCK_MIN as f64;
        let smooth = SMOOTHING * (1.0 + mean / self.dispersion.k());
        ((before.count + smooth) / (before.expected + smooth)).min(1.0)
    }

    /// Learns the quarters that ended long enough ago.
    fn learn_profile(&mut self, days: &PartnerDays, minute: i64, is_open: bool) {
        if self.next_quarter == NEVER && self.first != i64::MAX {
            self.next_quarter = self.first - self.first.rem_euclid(QUARTER_MIN);
        }
        while self.next_quarter != NEVER
            && self.next_quarter + QUARTER_MIN + LEARN_AFTER_MIN <= minute
        {
            let first = self.next_quarter;
            self.next_quarter += QUARTER_MIN;
            if is_open || first <= minute - MINUTES {
                continue;
            }
            let counts: Vec<Option<u32>> =
                (first..first + QUARTER_MIN).map(|it| self.arrivals.get(it)).collect();
            let known = counts.iter().flatten().count();
            if known >= LEARN_KNOWN_MIN {
                let total: f64 = counts.iter().flatten().map(|count| f64::from(*count)).sum();
                let at = days.quarter(TimestampMs(first * MINUTE_MS));
                self.profile.learn(at, total / known as f64);
                self.dispersion.learn(&counts);
            }
        }
    }

    /// Sets what is expected of the quarters up to the one of this minute.
    fn expect(&mut self, expectation: &Expectation<'_>, minute: i64) {
        let last = minute.div_euclid(QUARTER_MIN);
        let first = (self.learned.div_euclid(QUARTER_MIN) + 1).max(last - QUARTERS_HELD + 1);
        for quarter in first..=last {
            let at = expectation.days.quarter(TimestampMs(quarter * QUARTER_MIN * MINUTE_MS));
            let part = expectation.part_of(at);
            self.arrivals.expect(quarter, self.profile.expected(at).map(|rate| rate * part));
        }
    }
}

#[cfg(test)]
mod tests;
