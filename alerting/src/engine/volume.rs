//! Drops: fewer arrivals than usual at this time of the week, down to none.
//!
//! The expected count of a window comes from the day profile, lowered by as much as the preceding
//! hours were lower than theirs. Arrivals come in bursts, so a count is taken for a negative
//! binomial of variance `mean + mean^2 / k`, and the evidence of a window is its likelihood ratio
//! ([`evidence`]). `1/k` follows by moments from successive differences of five-minute counts, which a
//! slow change of the mean does not disturb: `E[(a-b)^2]/2 - E[a] = E[ab] / k`.
//!
//! A minute counts once it is known: where heartbeats are sent, a missing one means "not reported",
//! not "none", and a report vouches for the few minutes since the one before it.

use plimsoll_storage::TimestampMs;

use super::Detection;
use super::arrivals::{Arrivals, MINUTES, QUARTERS_HELD, Volume};
use super::calendar::{DayKind, PartnerDays, QUARTER_MIN};
use super::profile::Profile;
use super::reading::{Incoming, MINUTE_MS, Reading};
use super::ring::NEVER;
use crate::engine::evidence::{Evidence, Gate};
use crate::rule::{Rule, ScanSettings, Severity};

/// A quarter is learned this many minutes after it ended, so that late batches are in.
const LEARN_AFTER_MIN: i64 = 30;
/// Minutes of a quarter that must be reported for it to be learned.
const LEARN_REPORTED_MIN: usize = 10;
/// Items that the hours before a window are smoothed with, per unit of dispersion.
const SMOOTHING: f64 = 20.0;
/// Minutes that the dispersion is measured over at once, so that bursts of some minutes are in it.
const BLOCK_MIN: usize = 5;
/// Weight of a pair of blocks in the measured dispersion: about a day's memory.
const DISPERSION_WEIGHT: f64 = 0.005;
/// Minutes without any report after which a drop is over: what follows is absence.
const GONE_MIN: i64 = 180;

/// What is known of one group.
#[derive(Debug, Clone)]
pub(super) struct VolumeSensor {
    arrivals: Arrivals,
    /// The first minute that was ever reported.
    first: i64,
    /// The newest minute that was looked at.
    settled: i64,
    /// First minute of the next quarter to learn.
    to_learn: i64,
    profile: Profile,
    dispersion: Dispersion,
    /// How often something was added to a minute that may have been judged.
    revision: u32,
}

impl Default for VolumeSensor {
    fn default() -> Self {
        Self {
            arrivals: Arrivals::default(),
            first: i64::MAX,
            settled: NEVER,
            to_learn: NEVER,
            profile: Profile::default(),
            dispersion: Dispersion::default(),
            revision: 0,
        }
    }
}

impl VolumeSensor {
    pub(super) fn add(&mut self, incoming: &Incoming<'_>, count: u64) {
        let minute = incoming.minute();
        self.first = self.first.min(minute);
        self.arrivals.add(minute, u32::try_from(count).unwrap_or(u32::MAX));
        self.revision += u32::from(incoming.is_late());
    }

    pub(super) const fn revision(&self) -> u32 {
        self.revision
    }

    /// Judges the minutes that are over. Also answers how it was found when something new was.
    pub(super) fn judge(
        &mut self,
        against: &Against<'_>,
        open: Option<(Severity, Detection)>,
    ) -> (Reading, Option<Detection>) {
        self.settle(against, open.is_some());
        match open {
            None => self.look(against).unwrap_or((Reading::Quiet, None)),
            Some((open, found)) => (self.follow(against, open, found), None),
        }
    }

    /// Learns from the minutes that are over, and notes what is expected of them. While an alert is
    /// open nothing is learned.
    pub(super) fn settle(&mut self, against: &Against<'_>, is_open: bool) {
        let minute = against.minute;
        self.arrivals.reach(minute);
        if !against.has_heartbeats {
            // Nothing is ever reported of nothing: silence is all there is to see.
            let from = self.first.max(self.settled + 1).max(minute - MINUTES + 1);
            (from..=minute).for_each(|silent| self.arrivals.add(silent, 0));
        }
        self.learn(against.days, minute, is_open);
        self.price(against, minute);
        self.settled = self.settled.max(minute);
    }

    /// The shortest window that proves a drop.
    fn look(&self, against: &Against<'_>) -> Option<(Reading, Option<Detection>)> {
        let minute = against.minute;
        let mut volume = Volume::default();
        let mut length_min = 0;
        for &window_min in &against.scan.windows_min {
            if minute - i64::from(window_min) < against.ended {
                break;
            }
            volume.add(self.arrivals.newest(minute, length_min, window_min)?);
            length_min = window_min;
            let known = volume.known * 2 >= window_min;
            if !known || against.below(&volume, 1.0).is_none() {
                continue;
            }
            let scale = self.scale_before(minute - i64::from(window_min));
            let recent = self.arrivals.newest(minute, 0, window_min.div_ceil(5))?;
            let low = against.below(&recent, scale).is_some() || recent.known == 0;
            let Some(severity) = against.below(&volume, scale).filter(|_| low) else {
                continue;
            };
            let expected = volume.expected * scale * against.scan.margin;
            let k = self.dispersion.k() * f64::from(volume.known) / BLOCK_MIN as f64;
            if evidence(volume.count, expected, k) > against.scan.evidence {
                let found = Detection { window_min, scale };
                return Some((against.reading(&volume, scale, Some(severity)), Some(found)));
            }
        }
        None
    }

    /// What arrived in the shortest window that something is expected in, though it proves nothing.
    pub(super) fn spell_out(&self, against: &Against<'_>) -> Reading {
        let windows = against.scan.windows_min.iter().copied();
        let found = windows.filter(|window| *window >= PRESENT_MIN).find_map(|window_min| {
            let volume = self.arrivals.newest(against.minute, 0, window_min)?;
            (volume.expected >= 1.0).then_some((window_min, volume))
        });
        let Some((window_min, volume)) = found else { return Reading::NoData };
        let scale = self.scale_before(against.minute - i64::from(window_min));
        match against.reading(&volume, scale, None) {
            Reading::Judged(evidence) if against.below(&volume, scale).is_some() => {
                Reading::Judged(Evidence { gate: Gate::Uncertain, ..evidence })
            }
            reading => reading,
        }
    }

    /// Whether the drop goes on: the newest part of the window it was found in is still low.
    fn follow(&self, against: &Against<'_>, open: Severity, found: Detection) -> Reading {
        let minute = against.minute;
        if !(minute - GONE_MIN + 1..=minute).any(|it| self.arrivals.get(it).is_some()) {
            // Nothing is reported any more: an alert must not stay open for ever.
            return Reading::Quiet;
        }
        let volume = self.arrivals.newest(minute, 0, self.present_min(minute, found));
        let Some(volume) = volume.filter(|volume| volume.expected >= 1.0) else {
            return Reading::NoData;
        };
        let severity = against.below(&volume, found.scale).map(|severity| severity.min(open));
        against.reading(&volume, found.scale, severity)
    }

    /// How many minutes tell whether the drop is over: half of the window that proved it, or more until
    /// what is expected of them is known well, so that a few arrivals more than before are no recovery.
    fn present_min(&self, minute: i64, found: Detection) -> u32 {
        let least = (found.window_min / 2).max(PRESENT_MIN);
        let is_telling = |length_min: &u32| {
            self.arrivals.newest(minute, 0, *length_min).is_none_or(|volume| {
                let expected = volume.expected * found.scale;
                let k = self.dispersion.k() * f64::from(volume.known) / BLOCK_MIN as f64;
                expected.recip() + k.recip() <= PRESENT_VARIANCE
            })
        };
        (least..PRESENT_MIN_MAX.max(least)).find(is_telling).unwrap_or(PRESENT_MIN_MAX.max(least))
    }

    /// By how much less than usual arrived in the hours up to a minute: at most 1. Where nothing is
    /// known of them, today is taken for a day like others.
    fn scale_before(&self, minute: i64) -> f64 {
        let before = self.arrivals.hours_before(minute).unwrap_or_default();
        let mean = before.expected / f64::from(before.known.max(1)) * BLOCK_MIN as f64;
        let smooth = SMOOTHING * (1.0 + mean / self.dispersion.k());
        ((before.count + smooth) / (before.expected + smooth)).min(1.0)
    }

    /// Learns the quarters that ended long enough ago.
    fn learn(&mut self, days: &PartnerDays, minute: i64, is_open: bool) {
        if self.to_learn == NEVER && self.first != i64::MAX {
            self.to_learn = self.first - self.first.rem_euclid(QUARTER_MIN);
        }
        while self.to_learn != NEVER && self.to_learn + QUARTER_MIN + LEARN_AFTER_MIN <= minute {
            let first = self.to_learn;
            self.to_learn += QUARTER_MIN;
            if is_open || first <= minute - MINUTES {
                continue;
            }
            let counts: Vec<Option<u32>> =
                (first..first + QUARTER_MIN).map(|it| self.arrivals.get(it)).collect();
            let known = counts.iter().flatten().count();
            if known >= LEARN_REPORTED_MIN {
                let total: f64 = counts.iter().flatten().map(|count| f64::from(*count)).sum();
                let at = days.quarter(TimestampMs(first * MINUTE_MS));
                self.profile.learn(at, total / known as f64);
                self.dispersion.measure(&counts);
            }
        }
    }

    /// Notes what is expected of the quarters up to the one of this minute; of those on a holiday, or
    /// near one, only a part.
    fn price(&mut self, against: &Against<'_>, minute: i64) {
        let last = minute.div_euclid(QUARTER_MIN);
        let first = (self.settled.div_euclid(QUARTER_MIN) + 1).max(last - QUARTERS_HELD + 1);
        for quarter in first..=last {
            let at = against.days.quarter(TimestampMs(quarter * QUARTER_MIN * MINUTE_MS));
            let is_holiday = at.kind == DayKind::Holiday || at.near == Some(DayKind::Holiday);
            let part = if is_holiday { against.holiday_part() } else { 1.0 };
            self.arrivals.expect(quarter, self.profile.expected(at).map(|rate| rate * part));
        }
    }
}

/// The stretch an open drop is looked at is at least this long, in minutes.
const PRESENT_MIN: u32 = 8;
/// And at most that long, unless half of the window that proved the drop is longer.
const PRESENT_MIN_MAX: u32 = 45;
/// Squared relative error of an expected count that tells enough: one in five.
const PRESENT_VARIANCE: f64 = 0.04;

/// Weighted means of `E[(a-b)^2]/2 - E[a]` and of `E[ab]`, over pairs of neighbouring blocks.
#[derive(Debug, Clone, Copy, Default)]
struct Dispersion {
    excess: f64,
    product: f64,
}

impl Dispersion {
    /// `k` of a block; large for a Poisson stream.
    fn k(self) -> f64 {
        let inverse = if self.product > 0.0 { (self.excess / self.product).max(0.0) } else { 0.0 };
        1.0 / inverse.max(1e-3)
    }

    fn measure(&mut self, counts: &[Option<u32>]) {
        let block = |block: &[Option<u32>]| {
            block.iter().try_fold(0.0, |sum, count| Some(sum + f64::from((*count)?)))
        };
        let blocks: Vec<Option<f64>> = counts.chunks_exact(BLOCK_MIN).map(block).collect();
        for pair in blocks.windows(2) {
            let [Some(a), Some(b)] = *pair else { continue };
            let excess = (a - b).powi(2) / 2.0 - f64::midpoint(a, b);
            self.excess += DISPERSION_WEIGHT * (excess - self.excess);
            self.product += DISPERSION_WEIGHT * (a * b - self.product);
        }
    }
}

/// What volumes are held against.
pub(super) struct Against<'a> {
    pub(super) rule: &'a Rule,
    pub(super) scan: &'a ScanSettings,
    /// The part of the usual that is a drop on a holiday.
    pub(super) on_holiday: f64,
    pub(super) days: &'a PartnerDays,
    /// The newest minute that is over.
    pub(super) minute: i64,
    /// Minutes up to this one do not count: an alert has ended in it.
    pub(super) ended: i64,
    /// Heartbeats are sent: a minute without any report is not known.
    pub(super) has_heartbeats: bool,
}

impl Against<'_> {
    /// The severity whose part of the expected count is not reached.
    fn below(&self, volume: &Volume, scale: f64) -> Option<Severity> {
        let part = volume.count / (volume.expected * scale).max(1e-9);
        self.rule
            .thresholds()
            .find(|(_, threshold)| part < *threshold)
            .map(|(severity, _)| severity)
    }

    /// What is left of the usual on a holiday: so much that the threshold on it is `on_holiday`.
    fn holiday_part(&self) -> f64 {
        self.rule
            .thresholds()
            .next()
            .map_or(1.0, |(_, threshold)| self.on_holiday / threshold)
            .min(1.0)
    }

    fn reading(&self, volume: &Volume, scale: f64, reached: Option<Severity>) -> Reading {
        let expected = (volume.expected * scale).max(1e-9);
        let value = volume.count / expected;
        let threshold = self.rule.thresholds().next().map_or(0.0, |(_, threshold)| threshold);
        let gate = if reached.is_some() { Gate::Passed } else { Gate::BelowThreshold };
        let upper = if reached.is_some() { threshold } else { f64::INFINITY };
        let count = volume.count as u64;
        Reading::Judged(Evidence { value, count, lower: 0.0, upper, threshold, reached, gate })
    }
}

/// How strongly a count speaks against its expectation, in nats: the logarithm of the likelihood
/// ratio of two negative binomials of the same `k`. For a large `k` it is that of two Poisson
/// distributions, `lambda - x + x ln(x / lambda)`.
fn evidence(count: f64, expected: f64, k: f64) -> f64 {
    let own = if count > 0.0 { count * (count / expected).ln() } else { 0.0 };
    own - (count + k) * ((count + k) / (expected + k)).ln()
}

#[cfg(test)]
mod tests;
