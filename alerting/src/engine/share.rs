//! A share that is judged over several windows, against limits that may follow the usual: outcome
//! ratios, and latency quantiles as the share of durations above a level.

use plimsoll_storage::Cell;

use super::Found;
use super::minutes::{Minutes, Tally};
use super::reading::{HOUR_MS, MINUTE_MS, Moment, Newest, Reading};
use super::recent::Recent;
use super::scan::{self, Finding};
use super::usual::Usual;
use crate::bound;
use crate::evidence::{Evidence, Gate, Severity};
use crate::rule::{Rule, Scan, Signal};

/// The stretch an open alert is looked at is at least this long, in minutes: single minutes are noise.
const PRESENT_MIN: u32 = 5;

/// The state of one group.
#[derive(Debug, Clone)]
pub(super) struct ShareSensor {
    minutes: Minutes,
    usual: Option<Usual>,
    /// Durations of the newest minutes, to tell their quantile.
    recent: Recent,
    /// The window the open alert was found in, in minutes.
    found_min: u32,
    judged: Newest,
}

impl ShareSensor {
    pub(super) fn new(rule: &Rule) -> Self {
        Self {
            minutes: Minutes::default(),
            usual: rule.usual.map(|usual| Usual::new(usual.hours)),
            recent: Recent::default(),
            found_min: PRESENT_MIN,
            judged: Newest::default(),
        }
    }

    /// What the group is used to, by itself.
    pub(super) fn usual(&self) -> Option<f64> {
        self.usual.as_ref().and_then(Usual::get)
    }

    /// Adds a cell. `usual` is what the group is used to, which moves the level of durations.
    pub(super) fn add(&mut self, rule: &Rule, cell: &Cell, slot_start_ms: i64, usual: Option<f64>) {
        let tally = match &rule.signal {
            Signal::Latency { q, .. } => {
                if let Some(hours) = &mut self.usual {
                    hours.add_durations(slot_start_ms.div_euclid(HOUR_MS), &cell.durations, *q);
                }
                self.recent.add(slot_start_ms, &cell.durations);
                let above = |severity| {
                    level(rule, severity, usual)
                        .map_or(0, |level| cell.durations.count_above(level))
                };
                Tally {
                    all: narrow(cell.durations.count()),
                    bad: [narrow(above(Severity::Warning)), narrow(above(Severity::Critical))],
                }
            }
            Signal::Ratio { of, to, .. } => {
                let bad = cell.outcomes.sum_of(of);
                let all = to
                    .as_deref()
                    .map_or_else(|| cell.outcomes.total(), |classes| cell.outcomes.sum_of(classes));
                if let Some(hours) = &mut self.usual {
                    hours.add_share(slot_start_ms.div_euclid(HOUR_MS), bad, all);
                }
                Tally { all: narrow(all), bad: [narrow(bad); 2] }
            }
            _ => return,
        };
        if tally.all > 0 {
            let minute = slot_start_ms.div_euclid(MINUTE_MS);
            self.minutes.add(minute, tally);
            self.judged.note_added(minute);
        }
    }

    /// Judges the minutes that are over. `open` is the severity of the open alert.
    pub(super) fn judge(
        &mut self,
        rule: &Rule,
        scan: &Scan,
        moment: Moment,
        open: Option<Severity>,
        usual: Option<f64>,
    ) -> Reading {
        let minute = moment.minute();
        if let Some(reading) = self.judged.get(minute, open) {
            return reading;
        }
        let judging = Judging { rule, scan, minute, usual };
        let reading = match open {
            Some(open) => self.follow(&judging, open),
            None => self.look(&judging, None).unwrap_or(Reading::Quiet),
        };
        self.judged.keep(minute, open, reading);
        reading
    }

    /// Whether nothing can come of the time that passes: all minutes that hold something are judged.
    pub(super) fn is_settled(&self, moment: Moment) -> bool {
        self.judged.covers(moment.minute()) && self.minutes.newest() <= moment.minute()
    }

    /// An alert has ended in a minute: what it rested on must not start the next one.
    pub(super) fn forget(&mut self, through: i64) {
        self.minutes.forget(through);
        self.judged.clear();
        self.found_min = PRESENT_MIN;
    }

    pub(super) const fn found(&self) -> Found {
        Found { window_min: self.found_min, scale: 1.0 }
    }

    pub(super) const fn resume(&mut self, found: Found) {
        self.judged.clear();
        self.found_min = found.window_min;
    }

    /// Looks for a proof of a severity above `open`.
    fn look(&mut self, judging: &Judging<'_>, open: Option<Severity>) -> Option<Reading> {
        let longest = judging.scan.windows_min.last().copied().unwrap_or(PRESENT_MIN);
        let recent = i64::from(scan::recent_min(longest));
        if self.minutes.newest_bad() <= judging.minute - recent {
            return None;
        }
        for (severity, _) in judging.rule.ladder() {
            if Some(severity) <= open {
                break;
            }
            let limit = judging.limit(severity);
            if let Some(found) =
                scan::proof(&self.minutes, judging.minute, severity, limit, judging.scan)
            {
                self.found_min = found.window_min;
                return Some(judging.reading(&self.recent, found, severity, Some(severity)));
            }
        }
        None
    }

    /// What there is to say of an open alert.
    fn follow(&mut self, judging: &Judging<'_>, open: Severity) -> Reading {
        if let Some(worse) = self.look(judging, Some(open)) {
            return worse;
        }
        let longest = judging.scan.windows_min.last().copied().unwrap_or(PRESENT_MIN);
        if self.minutes.newest() <= judging.minute - i64::from(longest) {
            // Nothing is reported any more: an alert must not stay open for ever.
            return Reading::Quiet;
        }
        let found_min = self.found_min.max(PRESENT_MIN * 5);
        let count = u64::from(judging.rule.clear_count);
        let mut newest = Reading::NoData;
        for (severity, _) in judging.rule.ladder().filter(|(severity, _)| *severity <= open) {
            let now =
                scan::now(&self.minutes, judging.minute, severity, found_min, count, judging.scan);
            let Some(now) = now else { return Reading::NoData };
            let level = judging.limit(severity);
            let holds = bound::fraction(now.bad, now.all) > level;
            newest = judging.reading(&self.recent, now, severity, holds.then_some(severity));
            if holds {
                break;
            }
        }
        newest
    }
}

/// A level of durations in seconds: the threshold, or what the usual makes of it.
fn level(rule: &Rule, severity: Severity, usual: Option<f64>) -> Option<f64> {
    let threshold = threshold(rule, severity)?;
    Some(raised(rule, threshold, usual))
}

fn threshold(rule: &Rule, severity: Severity) -> Option<f64> {
    match severity {
        Severity::Critical => rule.critical,
        Severity::Warning => rule.warning,
    }
}

fn raised(rule: &Rule, threshold: f64, usual: Option<f64>) -> f64 {
    let times = rule.usual.map_or(0.0, |usual| usual.times);
    threshold.max(usual.map_or(0.0, |usual| times * usual))
}

/// One judgement and what it is held against.
struct Judging<'a> {
    rule: &'a Rule,
    scan: &'a Scan,
    minute: i64,
    usual: Option<f64>,
}

impl Judging<'_> {
    /// The share that must not be passed.
    fn limit(&self, severity: Severity) -> f64 {
        match &self.rule.signal {
            Signal::Latency { q, .. } => 1.0 - q,
            _ => threshold(self.rule, severity)
                .map_or(1.0, |threshold| raised(self.rule, threshold, self.usual).min(0.99)),
        }
    }

    /// The evidence in the unit of the signal. Of a latency the share above the level decides; its
    /// quantile is told, and the level is its lower bound once the share is proven.
    fn reading(
        &self,
        recent: &Recent,
        found: Finding,
        severity: Severity,
        reached: Option<Severity>,
    ) -> Reading {
        let gate = if reached.is_some() { Gate::Passed } else { Gate::BelowThreshold };
        let base = Evidence {
            value: bound::fraction(found.bad, found.all),
            count: found.all,
            lower: bound::lower(found.bad, found.all, self.scan.evidence),
            upper: bound::upper(found.bad, found.all, self.scan.evidence),
            threshold: self.limit(severity),
            reached,
            gate,
        };
        let Signal::Latency { q, .. } = &self.rule.signal else { return Reading::Judged(base) };
        let level = level(self.rule, severity, self.usual).unwrap_or(0.0);
        let quantile = recent.quantile(*q).unwrap_or(0.0);
        let value = if reached.is_some() { quantile.max(level) } else { quantile };
        let lower = if reached.is_some() { level } else { 0.0 };
        Reading::Judged(Evidence { value, lower, upper: f64::INFINITY, threshold: level, ..base })
    }
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
