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

use super::Found;
use super::calendar::{DayKind, LocalQuarter, PartnerDays, QUARTER_MIN};
use super::profile::Profile;
use super::reading::{MINUTE_MS, Moment, Newest, Reading};
use crate::evidence::{Evidence, Gate, Severity};
use crate::rule::{Rule, Scan};

/// The hours before a window that say how today compares with other days, in minutes.
const BEFORE_MIN: u32 = 360;
/// Minutes that are kept: the longest window, the hours before it, and what is open.
const MINUTES: usize = (crate::limits::SCAN_WINDOW_MIN_MAX + BEFORE_MIN + 60) as usize;
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
/// Heartbeats come at least this often, in minutes: a report vouches for the minutes before it.
const HEARTBEAT_MIN: i64 = 5;
/// Minutes without any report after which a drop is over: what follows is absence.
const GONE_MIN: i64 = 180;

/// The state of one group.
#[derive(Debug, Clone)]
pub(super) struct VolumeSensor {
    minutes: Box<[Minute; MINUTES]>,
    newest: i64,
    /// The first minute that was ever reported.
    first: i64,
    /// Minutes before this know what was to be expected of them.
    priced: i64,
    /// First minute of the next quarter to learn.
    to_learn: i64,
    profile: Profile,
    dispersion: Dispersion,
    /// The quarter of the newest priced minute.
    now: LocalQuarter,
    /// How the open alert was found.
    found: Found,
    judged: Newest,
    /// Volume up to this minute is not held against the group again: its alert has ended.
    ended: i64,
}

/// What arrived in a minute and what was expected of it.
#[derive(Debug, Clone, Copy)]
struct Minute {
    /// `None` while nothing was reported.
    count: Option<u32>,
    /// `NAN` while nothing is known of other days.
    expected: f32,
}

const UNKNOWN: Minute = Minute { count: None, expected: f32::NAN };

impl Default for VolumeSensor {
    fn default() -> Self {
        Self {
            minutes: Box::new([UNKNOWN; MINUTES]),
            newest: i64::MIN / 2,
            first: i64::MAX,
            priced: i64::MIN,
            to_learn: i64::MIN,
            profile: Profile::default(),
            dispersion: Dispersion::default(),
            now: LocalQuarter::default(),
            found: Found::default(),
            judged: Newest::default(),
            ended: i64::MIN / 2,
        }
    }
}

/// A stretch of minutes against what was expected of those that are known.
#[derive(Debug, Clone, Copy, Default)]
struct Volume {
    count: f64,
    expected: f64,
    known: u32,
}

impl VolumeSensor {
    pub(super) fn add(&mut self, minute: i64, count: u64) {
        self.reach(minute);
        self.first = self.first.min(minute);
        if minute <= self.newest - MINUTES as i64 {
            return;
        }
        let held = &mut self.minutes[position(minute)].count;
        let is_first = held.is_none();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        *held = Some(held.unwrap_or(0).saturating_add(count));
        if is_first {
            self.vouch(minute);
        }
        self.judged.note_added(minute);
    }

    pub(super) fn judge(
        &mut self,
        against: &Against<'_>,
        moment: Moment,
        open: Option<Severity>,
    ) -> Reading {
        let minute = moment.minute();
        if let Some(reading) = self.judged.get(minute, open) {
            return reading;
        }
        self.reach(minute);
        if !against.has_heartbeats && minute >= self.first {
            // Nothing is ever reported of nothing: silence is all there is to see.
            self.add(minute, 0);
        }
        self.learn(against.days, minute, open.is_some());
        self.price(against.days, minute, against.holiday_part());
        let reading = match open {
            None => self.look(against, minute).unwrap_or(Reading::Quiet),
            Some(open) => self.follow(against, minute, open),
        };
        self.judged.keep(minute, open, reading);
        reading
    }

    /// An alert has ended in a minute.
    pub(super) const fn forget(&mut self, through: i64) {
        self.judged.clear();
        self.ended = through;
    }

    pub(super) const fn found(&self) -> Found {
        self.found
    }

    pub(super) const fn resume(&mut self, found: Found) {
        self.judged.clear();
        self.found = found;
    }

    /// The shortest window that proves a drop.
    fn look(&mut self, against: &Against<'_>, minute: i64) -> Option<Reading> {
        let mut volume = Volume::default();
        let mut length_min = 0;
        for &window_min in &against.scan.windows_min {
            if minute - i64::from(window_min) < self.ended {
                break;
            }
            volume.add(&self.sum(minute, length_min, window_min)?);
            length_min = window_min;
            let known = volume.known * 2 >= window_min;
            if !known || against.below(&volume, 1.0).is_none() {
                continue;
            }
            let scale = self.scale_before(minute, window_min);
            let recent = self.sum(minute, 0, window_min.div_ceil(5))?;
            let low = against.below(&recent, scale).is_some() || recent.known == 0;
            let Some(severity) = against.below(&volume, scale).filter(|_| low) else {
                continue;
            };
            let expected = volume.expected * scale * against.scan.margin;
            let k = self.dispersion.k() * f64::from(volume.known) / BLOCK_MIN as f64;
            if evidence(volume.count, expected, k) > against.scan.evidence {
                self.found = Found { window_min, scale };
                return Some(against.reading(&volume, scale, Some(severity)));
            }
        }
        None
    }

    /// Whether the drop goes on: the newest part of the window it was found in is still low.
    fn follow(&self, against: &Against<'_>, minute: i64, open: Severity) -> Reading {
        if !(minute - GONE_MIN + 1..=minute).any(|it| self.get(it).count.is_some()) {
            // Nothing is reported any more: an alert must not stay open for ever.
            return Reading::Quiet;
        }
        let stretch = (self.found.window_min / 2).max(PRESENT_MIN);
        let volume = self.sum(minute, 0, stretch).filter(|volume| volume.expected >= 1.0);
        let Some(volume) = volume else { return Reading::NoData };
        let severity = against.below(&volume, self.found.scale).map(|severity| severity.min(open));
        against.reading(&volume, self.found.scale, severity)
    }

    /// The known minutes of those that are `from..to` minutes old; `None` when nothing is known of
    /// other days for one of them.
    fn sum(&self, minute: i64, from: u32, to: u32) -> Option<Volume> {
        let mut sum = Volume::default();
        for age in from..to {
            let held = self.get(minute - i64::from(age));
            let Some(count) = held.count else { continue };
            if held.expected.is_nan() {
                return None;
            }
            sum.count += f64::from(count);
            sum.expected += f64::from(held.expected);
            sum.known += 1;
        }
        Some(sum)
    }

    /// By how much less than usual arrived in the hours before a window: at most 1. Where nothing is
    /// known of them, today is taken for a day like others.
    fn scale_before(&self, minute: i64, window_min: u32) -> f64 {
        let before = self.sum(minute, window_min, window_min + BEFORE_MIN).unwrap_or_default();
        let mean = before.expected / f64::from(before.known.max(1)) * BLOCK_MIN as f64;
        let smooth = SMOOTHING * (1.0 + mean / self.dispersion.k());
        ((before.count + smooth) / (before.expected + smooth)).min(1.0)
    }

    fn get(&self, minute: i64) -> Minute {
        if self.in_ring(minute) { self.minutes[position(minute)] } else { UNKNOWN }
    }

    /// Learns the quarters that ended long enough ago. While an alert is open nothing is learned.
    fn learn(&mut self, days: &PartnerDays, minute: i64, is_open: bool) {
        if self.to_learn == i64::MIN && self.first != i64::MAX {
            self.to_learn = self.first - self.first.rem_euclid(QUARTER_MIN);
        }
        while self.to_learn != i64::MIN && self.to_learn + QUARTER_MIN + LEARN_AFTER_MIN <= minute {
            let first = self.to_learn;
            self.to_learn += QUARTER_MIN;
            if is_open || first <= minute - MINUTES as i64 {
                continue;
            }
            let counts: Vec<Option<u32>> =
                (first..first + QUARTER_MIN).map(|it| self.get(it).count).collect();
            let known = counts.iter().flatten().count();
            if known >= LEARN_REPORTED_MIN {
                let total: f64 = counts.iter().flatten().map(|count| f64::from(*count)).sum();
                let at = days.quarter(TimestampMs(first * MINUTE_MS));
                self.profile.learn(at, (total / known as f64) as f32);
                self.dispersion.measure(&counts);
            }
        }
    }

    /// Notes what is expected of the minutes up to this one; on a holiday only `holiday_part` of it.
    fn price(&mut self, days: &PartnerDays, minute: i64, holiday_part: f64) {
        let first = self.priced.max(minute - MINUTES as i64 + 1);
        for priced in first..=minute {
            if priced == first || priced.rem_euclid(QUARTER_MIN) == 0 {
                self.now = days.quarter(TimestampMs(priced * MINUTE_MS));
            }
            let part = if self.now.kind == DayKind::Holiday { holiday_part } else { 1.0 };
            let expected = self.profile.expected(self.now).map(|rate| (rate * part) as f32);
            self.minutes[position(priced)].expected = expected.unwrap_or(f32::NAN);
        }
        self.priced = minute + 1;
    }

    /// Takes the unreported minutes between neighbouring reports for minutes without arrivals.
    fn vouch(&mut self, minute: i64) {
        let reported = |it: &i64| self.in_ring(*it) && self.minutes[position(*it)].count.is_some();
        let before = (minute - HEARTBEAT_MIN..minute).rev().find(reported);
        let after = (minute + 1..=minute + HEARTBEAT_MIN).find(reported);
        for between in before.map_or(minute, |it| it + 1)..after.unwrap_or(minute + 1) {
            let held = &mut self.minutes[position(between)].count;
            *held = Some(held.unwrap_or(0));
        }
    }

    const fn in_ring(&self, minute: i64) -> bool {
        minute <= self.newest && minute > self.newest - MINUTES as i64
    }

    /// Makes `minute` part of the ring.
    fn reach(&mut self, minute: i64) {
        if minute <= self.newest {
            return;
        }
        let fresh = (minute - self.newest).min(MINUTES as i64);
        for emptied in minute - fresh + 1..=minute {
            self.minutes[position(emptied)] = UNKNOWN;
        }
        self.newest = minute;
    }
}

/// The stretch an open drop is looked at is at least this long, in minutes.
const PRESENT_MIN: u32 = 8;

impl Volume {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.expected += other.expected;
        self.known += other.known;
    }
}

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
    pub(super) scan: &'a Scan,
    /// The part of the usual that is a drop on a holiday.
    pub(super) on_holiday: f64,
    pub(super) days: &'a PartnerDays,
    /// Heartbeats are sent: a minute without any report is not known.
    pub(super) has_heartbeats: bool,
}

impl Against<'_> {
    /// The severity whose part of the expected count is not reached.
    fn below(&self, volume: &Volume, scale: f64) -> Option<Severity> {
        let part = volume.count / (volume.expected * scale).max(1e-9);
        self.rule.ladder().find(|(_, threshold)| part < *threshold).map(|(severity, _)| severity)
    }

    /// What is left of the usual on a holiday: so much that the threshold on it is `on_holiday`.
    fn holiday_part(&self) -> f64 {
        self.rule.ladder().next().map_or(1.0, |(_, threshold)| self.on_holiday / threshold).min(1.0)
    }

    fn reading(&self, volume: &Volume, scale: f64, reached: Option<Severity>) -> Reading {
        let expected = (volume.expected * scale).max(1e-9);
        let value = volume.count / expected;
        let threshold = self.rule.ladder().next().map_or(0.0, |(_, threshold)| threshold);
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

fn position(minute: i64) -> usize {
    minute.rem_euclid(MINUTES as i64) as usize
}

#[cfg(test)]
mod tests {
    use plimsoll_storage::{Slot, SlotWidth};

    use super::*;
    use crate::engine::calendar::Calendar;
    use crate::rule::{RuleSet, Signal};

    const DAY_MIN: i64 = 1_440;
    /// 2026-03-02, a Monday, in minutes since 1970.
    const MONDAY: i64 = 20_514 * DAY_MIN;

    struct World {
        rules: RuleSet,
        calendar: Calendar,
        sensor: VolumeSensor,
    }

    impl World {
        fn new() -> Self {
            let rules = RuleSet::default_pack().unwrap();
            let calendar = Calendar::new(&rules);
            Self { rules, calendar, sensor: VolumeSensor::default() }
        }

        /// Judges minute after minute; answers those at whose end a drop is proven.
        fn run(
            &mut self,
            minutes: std::ops::Range<i64>,
            count: impl Fn(i64) -> Option<u64>,
        ) -> Vec<i64> {
            let rule = self.rules.rule("partner-drop").unwrap();
            let Signal::Drop { on_holiday, .. } = rule.signal else { panic!("no drop") };
            let scan = rule.scan.as_ref().unwrap();
            let days = self.calendar.of(None);
            let against = Against { rule, scan, on_holiday, days, has_heartbeats: true };
            let width = SlotWidth::DEFAULT;
            let mut found = Vec::new();
            for minute in minutes {
                if let Some(count) = count(minute) {
                    self.sensor.add(minute, count);
                }
                let slot = Slot(u32::try_from(minute * 6 + 5).unwrap());
                let reading = self.sensor.judge(&against, Moment::new(slot, width), None);
                if reading.reached().is_some() {
                    found.push(minute);
                }
            }
            found
        }
    }

    /// Thirty a minute at day, none at night, with bursts.
    fn usual(minute: i64) -> u64 {
        let hour = minute.rem_euclid(DAY_MIN) / 60;
        if (8..20).contains(&hour) { [10, 55, 25, 30][minute.rem_euclid(4) as usize] } else { 0 }
    }

    #[test]
    fn silence_is_found_in_minutes_and_an_ordinary_day_is_quiet() {
        let mut world = World::new();
        let quiet = world.run(MONDAY..MONDAY + 2 * DAY_MIN, |minute| Some(usual(minute)));
        assert_eq!(quiet, Vec::<i64>::new());
        let noon = MONDAY + 2 * DAY_MIN + 12 * 60;
        let silent = |minute| Some(if minute >= noon { 0 } else { usual(minute) });
        let found = world.run(MONDAY + 2 * DAY_MIN..noon + 30, silent);
        assert!((noon + 2..noon + 10).contains(&found[0]), "{}", found[0] - noon);
    }

    #[test]
    fn what_is_not_reported_is_no_drop_and_a_heartbeat_vouches_for_the_minutes_before_it() {
        let noon = MONDAY + 2 * DAY_MIN + 12 * 60;
        let mut world = World::new();
        world.run(MONDAY..noon, |minute| Some(usual(minute)));
        assert_eq!(world.run(noon..noon + 60, |_| None), Vec::<i64>::new());
        let mut world = World::new();
        world.run(MONDAY..noon, |minute| Some(usual(minute)));
        let beats = |minute: i64| (minute % 5 == 0).then_some(0);
        assert!(!world.run(noon..noon + 30, beats).is_empty());
    }

    #[test]
    fn evidence_grows_with_what_is_missing_and_shrinks_with_bursts() {
        assert!(evidence(0.0, 30.0, 1e6) > 29.9);
        assert!(evidence(10.0, 30.0, 1e6) > evidence(20.0, 30.0, 1e6));
        assert!(evidence(10.0, 30.0, 2.0) < evidence(10.0, 30.0, 1e6) / 2.0);
        assert!(evidence(30.0, 30.0, 5.0).abs() < 1e-9);
    }
}
