//! Drops: fewer arrivals than usual at this time of the week, down to none.
//!
//! The expected count of a window comes from the day profile, rescaled by what the preceding hours
//! were like. Arrivals are over-dispersed (they come in bursts), so their variance is measured: with
//! variance `mean + mean^2 / k` the evidence of a Poisson count is divided by `phi = 1 + mean / k`.
//! `1/k` follows by moments from successive differences, `E[(a-b)^2]/2 - E[a] = E[ab] / k`, which a
//! slow change of the mean does not disturb.
//!
//! A minute counts once something was reported for it: no heartbeat means "not known", not "none".

use super::calendar::{DayKind, PartnerDays, QUARTER_MIN};
use super::profile::Profile;
use super::reading::{MINUTE_MS, Moment, Reading};
use crate::evidence::{Evidence, Gate, Severity};
use crate::rule::{Rule, Scan};
use plimsoll_storage::TimestampMs;

/// The hours before a window that say how today compares with other days, in minutes.
const BEFORE_MIN: i64 = 360;
/// Minutes that are kept: the longest window, the hours before it, and what is open.
const MINUTES: usize = crate::limits::SCAN_WINDOW_MIN_MAX as usize + BEFORE_MIN as usize + 60;
/// A minute nothing was reported for.
const UNREPORTED: u32 = u32::MAX;
/// A quarter is learned this many minutes after it ended, so that late batches are in.
const LEARN_AFTER_MIN: i64 = 30;
/// Minutes of a quarter that must be reported for it to be learned.
const LEARN_REPORTED_MIN: usize = 10;
/// Items that the hours before a window are smoothed with, per unit of dispersion.
const SMOOTHING: f64 = 20.0;
/// Minutes without any report after which a drop is over: what follows is absence.
const GONE_MIN: i64 = 180;
/// The most by which a busy day raises what is expected.
const RAISED_MAX: f64 = 1.25;
/// Weight of the newest quarter in the measured dispersion: about a day's memory.
const DISPERSION_WEIGHT: f64 = 0.02;

/// The state of one group.
#[derive(Debug, Clone)]
pub(super) struct VolumeSensor {
    /// Counts by minute, [`UNREPORTED`] where nothing was reported.
    counts: Box<[u32; MINUTES]>,
    newest: i64,
    /// The first minute that was ever reported.
    first: i64,
    profile: Profile,
    /// First minute of the next quarter to learn.
    to_learn: i64,
    /// Weighted means of `E[(a-b)^2]/2 - E[a]` and of `E[ab]`.
    dispersion: (f64, f64),
    /// Heartbeats were seen: a minute without any report is not known.
    has_heartbeats: bool,
    /// The window the open alert was found in, in minutes.
    found_min: u32,
    judged: Option<(i64, Option<Severity>, Reading)>,
    /// Volume before this minute is not judged again after an alert.
    ended: i64,
}

impl Default for VolumeSensor {
    fn default() -> Self {
        Self {
            counts: Box::new([UNREPORTED; MINUTES]),
            newest: i64::MIN / 2,
            first: i64::MAX,
            profile: Profile::default(),
            to_learn: i64::MIN,
            dispersion: (0.0, 0.0),
            has_heartbeats: false,
            found_min: 0,
            judged: None,
            ended: i64::MIN / 2,
        }
    }
}

/// What a window holds against what was expected.
#[derive(Debug, Clone, Copy)]
struct Volume {
    count: f64,
    expected: f64,
    phi: f64,
    reported: u32,
    holiday: bool,
}

impl VolumeSensor {
    pub(super) fn add(&mut self, minute: i64, count: u64) {
        self.reach(minute);
        if minute <= self.newest - MINUTES as i64 {
            return;
        }
        self.first = self.first.min(minute);
        self.has_heartbeats |= count == 0;
        let held = &mut self.counts[position(minute)];
        let before = if *held == UNREPORTED { 0 } else { *held };
        *held = before.saturating_add(u32::try_from(count).unwrap_or(u32::MAX)).min(UNREPORTED - 1);
        if self.judged.is_some_and(|(judged, ..)| minute <= judged) {
            self.judged = None;
        }
    }

    pub(super) fn judge(
        &mut self,
        rule: &Rule,
        scan: &Scan,
        on_holiday: f64,
        days: &PartnerDays,
        moment: Moment,
        open: Option<Severity>,
    ) -> Reading {
        let minute = moment.minute();
        if let Some((judged, severity, reading)) = self.judged
            && judged == minute
            && severity == open
        {
            return reading;
        }
        self.learn(days, minute, open.is_some());
        let against = Against { rule, scan, on_holiday, days };
        let reading = match open {
            None => self.look(&against, minute).unwrap_or(Reading::Quiet),
            Some(open) => self.follow(&against, minute, open),
        };
        self.judged = Some((minute, open, reading));
        reading
    }

    pub(super) fn reset(&mut self) {
        self.judged = None;
        self.ended = self.newest;
    }

    /// The strongest window that proves a drop.
    fn look(&mut self, against: &Against<'_>, minute: i64) -> Option<Reading> {
        let newest = i64::from(*against.scan.windows_min.first()?);
        if !self.is_reported_lately(minute, newest) {
            return None;
        }
        for &window_min in &against.scan.windows_min {
            if minute - i64::from(window_min) < self.ended {
                break;
            }
            let Some(volume) = self.volume(against, minute, window_min) else { continue };
            if let Some(severity) = against.reached(&volume) {
                self.found_min = window_min;
                return Some(against.reading(&volume, Some(severity)));
            }
        }
        None
    }

    /// Whether the drop goes on: the newest part of the window it was found in is still low.
    fn follow(&self, against: &Against<'_>, minute: i64, open: Severity) -> Reading {
        let first = against.scan.windows_min.first().copied().unwrap_or(10);
        let stretch = (self.found_min / 4).max(first);
        if self.newest <= minute - GONE_MIN {
            // Nothing is reported any more: an alert must not stay open for ever.
            return Reading::Quiet;
        }
        let Some(volume) = self.volume(against, minute, stretch) else { return Reading::NoData };
        if volume.expected < 1.0 {
            return Reading::NoData;
        }
        let severity = against.below(&volume).map(|severity| severity.min(open));
        against.reading(&volume, severity)
    }

    fn is_reported_lately(&self, minute: i64, within: i64) -> bool {
        !self.has_heartbeats || (minute - within + 1..=minute).any(|it| self.get(it).is_some())
    }

    /// Counts of a window and what was to be expected of its reported minutes.
    fn volume(&self, against: &Against<'_>, minute: i64, window_min: u32) -> Option<Volume> {
        let start = minute - i64::from(window_min) + 1;
        let window = self.sum(against.days, start, minute)?;
        if window.reported * 2 < window_min {
            return None;
        }
        let before = self.sum(against.days, start - BEFORE_MIN, start - 1);
        let mean = window.expected / f64::from(window.reported.max(1));
        let phi = 1.0 + mean * self.inverse_k();
        let scale = before.map_or(1.0, |before| {
            let smooth = SMOOTHING * phi;
            ((before.count + smooth) / (before.expected + smooth)).min(RAISED_MAX)
        });
        Some(Volume { expected: window.expected * scale, phi, ..window })
    }

    /// Counts and expectations of the reported minutes; `None` when some minute has no profile.
    fn sum(&self, days: &PartnerDays, from: i64, to: i64) -> Option<Volume> {
        let mut sum =
            Volume { count: 0.0, expected: 0.0, phi: 1.0, reported: 0, holiday: false };
        let mut minute = from;
        while minute <= to {
            let quarter_end = minute - minute.rem_euclid(QUARTER_MIN) + QUARTER_MIN - 1;
            let last = quarter_end.min(to);
            let at = days.quarter(TimestampMs(minute * MINUTE_MS));
            let known = (minute..=last).filter_map(|it| self.get(it));
            let (mut count, mut reported) = (0.0, 0_u32);
            for more in known {
                count += f64::from(more);
                reported += 1;
            }
            if reported > 0 {
                sum.expected += self.profile.expected(at)? * f64::from(reported);
                sum.count += count;
                sum.reported += reported;
                sum.holiday |= at.kind == DayKind::Holiday;
            }
            minute = last + 1;
        }
        Some(sum)
    }

    /// The count of a minute, when it is known.
    fn get(&self, minute: i64) -> Option<u32> {
        let held = if minute > self.newest || minute <= self.newest - MINUTES as i64 {
            UNREPORTED
        } else {
            self.counts[position(minute)]
        };
        match held {
            UNREPORTED if self.has_heartbeats || minute < self.first => None,
            UNREPORTED => Some(0),
            count => Some(count),
        }
    }

    /// `1/k` of the negative binomial; 0 for a Poisson stream.
    fn inverse_k(&self) -> f64 {
        let (excess, product) = self.dispersion;
        if product > 0.0 { (excess / product).max(0.0) } else { 0.0 }
    }

    /// Learns the quarters that ended long enough ago. While an alert is open nothing is learned.
    fn learn(&mut self, days: &PartnerDays, minute: i64, is_open: bool) {
        if self.to_learn == i64::MIN {
            if self.first == i64::MAX {
                return;
            }
            self.to_learn = self.first - self.first.rem_euclid(QUARTER_MIN);
        }
        while self.to_learn + QUARTER_MIN + LEARN_AFTER_MIN <= minute {
            let first = self.to_learn;
            self.to_learn += QUARTER_MIN;
            if self.to_learn < minute - MINUTES as i64 || is_open {
                continue;
            }
            let counts: Vec<Option<u32>> =
                (first..first + QUARTER_MIN).map(|it| self.get(it)).collect();
            let known = counts.iter().flatten().count();
            if known >= LEARN_REPORTED_MIN {
                let total: f64 = counts.iter().flatten().map(|count| f64::from(*count)).sum();
                let at = days.quarter(TimestampMs(first * MINUTE_MS));
                self.profile.learn(at, (total / known as f64) as f32);
                self.measure_dispersion(&counts);
            }
        }
    }

    fn measure_dispersion(&mut self, counts: &[Option<u32>]) {
        let pairs = counts.windows(2).filter_map(|pair| match pair {
            [Some(a), Some(b)] => Some((f64::from(*a), f64::from(*b))),
            _ => None,
        });
        for (a, b) in pairs {
            let excess = (a - b).powi(2) / 2.0 - f64::midpoint(a, b);
            let weight = DISPERSION_WEIGHT / QUARTER_MIN as f64;
            self.dispersion.0 += weight * (excess - self.dispersion.0);
            self.dispersion.1 += weight * (a * b - self.dispersion.1);
        }
    }

    /// Makes `minute` part of the ring.
    fn reach(&mut self, minute: i64) {
        if minute <= self.newest {
            return;
        }
        let fresh = (minute - self.newest).min(MINUTES as i64);
        for emptied in minute - fresh + 1..=minute {
            self.counts[position(emptied)] = UNREPORTED;
        }
        self.newest = minute;
    }
}

/// What volumes are held against.
struct Against<'a> {
    rule: &'a Rule,
    scan: &'a Scan,
    on_holiday: f64,
    days: &'a PartnerDays,
}

impl Against<'_> {
    /// The severity that a window proves.
    fn reached(&self, volume: &Volume) -> Option<Severity> {
        let severity = self.below(volume)?;
        (evidence(volume.count, volume.expected) > volume.phi * self.scan.evidence)
            .then_some(severity)
    }

    /// The severity whose part of the expected count is not reached.
    fn below(&self, volume: &Volume) -> Option<Severity> {
        let part = volume.count / volume.expected.max(1e-9);
        let ladder = self.rule.ladder();
        let limit = |threshold: f64| if volume.holiday { self.on_holiday } else { threshold };
        ladder.filter(|(_, threshold)| part < limit(*threshold)).map(|(severity, _)| severity).next()
    }

    fn reading(&self, volume: &Volume, reached: Option<Severity>) -> Reading {
        let expected = volume.expected.max(1e-9);
        let spread = (2.0 * volume.phi * self.scan.evidence / expected).sqrt();
        let value = volume.count / expected;
        let threshold = self.rule.ladder().next().map_or(0.0, |(_, threshold)| threshold);
        Reading::Judged(Evidence {
            value,
            count: volume.count as u64,
            lower: (value - spread).max(0.0),
            upper: value + spread,
            threshold: if volume.holiday { self.on_holiday } else { threshold },
            reached,
            gate: if reached.is_some() { Gate::Passed } else { Gate::BelowThreshold },
        })
    }
}

/// How strongly a count speaks against its expectation being right, in nats: the Kullback-Leibler
/// divergence of two Poisson distributions.
fn evidence(count: f64, expected: f64) -> f64 {
    if count <= 0.0 {
        return expected;
    }
    expected - count + count * (count / expected).ln()
}

fn position(minute: i64) -> usize {
    minute.rem_euclid(MINUTES as i64) as usize
}
