//! A share that is judged over several windows, against limits that may follow the usual: outcome
//! ratios, and latency quantiles as the share of durations above a level.

use plimsoll_storage::{Cell, Histogram};

use super::Detection;
use super::coarse::Coarse;
use super::reading::{HOUR_MS, Incoming, Reading};
use super::ring::{NEVER, Ring};
use super::scan::{self, COLUMNS, Finding, Minutes};
use super::usual::Usual;
use crate::engine::bound;
use crate::engine::evidence::{Evidence, Gate};
use crate::rule::{Rule, ScanSettings, Severity, Signal};

/// The stretch an open alert is looked at is at least this long, in minutes: single minutes are noise.
const PRESENT_MIN: u32 = 5;
/// How many minutes are held: the longest window, and the minute that is still open.
const MINUTES: u16 = ScanSettings::WINDOW_MIN_MAX as u16 + 1;

/// What is known of one group.
#[derive(Debug, Clone)]
pub(super) struct ShareSensor {
    /// Items, and those of them that are bad by severity.
    minutes: Ring<COLUMNS>,
    /// The newest minute that holds something bad.
    newest_bad: i64,
    /// How often something was added to a minute that may have been judged.
    revision: u32,
    usual: Option<Box<Usual>>,
    /// Durations of the newest minutes, to tell their quantile.
    recent: Option<Box<Recent>>,
}

impl ShareSensor {
    pub(super) fn new(rule: &Rule) -> Self {
        let is_latency = matches!(rule.signal, Signal::Latency { .. });
        Self {
            minutes: Ring::new(MINUTES),
            newest_bad: NEVER,
            revision: 0,
            usual: rule.baseline.map(|usual| Box::new(Usual::new(usual.hours))),
            recent: is_latency.then(Box::default),
        }
    }

    /// What the group is used to, by itself.
    pub(super) fn usual(&self) -> Option<f64> {
        self.usual.as_ref().and_then(|usual| usual.get())
    }

    /// The newest minute that anything was added to.
    pub(super) const fn newest(&self) -> i64 {
        self.minutes.newest()
    }

    pub(super) const fn revision(&self) -> u32 {
        self.revision
    }

    /// Adds a cell. `usual` is what the group is used to, which moves the level of durations.
    pub(super) fn add(
        &mut self,
        rule: &Rule,
        incoming: &Incoming<'_>,
        cell: &Cell,
        usual: Option<f64>,
    ) {
        let hour = incoming.start_ms().div_euclid(HOUR_MS);
        let counts = match &rule.signal {
            Signal::Latency { q, .. } => {
                if let Some(hours) = &mut self.usual {
                    hours.add_durations(hour, &cell.durations, *q);
                }
                if let Some(recent) = &mut self.recent {
                    recent.add(incoming.start_ms(), &cell.durations);
                }
                let above = |severity| {
                    let level = level(rule, severity, usual);
                    narrow(level.map_or(0, |level| cell.durations.count_above(level)))
                };
                let all = narrow(cell.durations.count());
                [all, above(Severity::Warning), above(Severity::Critical)]
            }
            Signal::Ratio { of, to, .. } => {
                let bad = cell.outcomes.sum_of(of);
                let all = to
                    .as_deref()
                    .map_or_else(|| cell.outcomes.total(), |classes| cell.outcomes.sum_of(classes));
                if let Some(hours) = &mut self.usual {
                    hours.add_share(hour, bad, all);
                }
                // What is bad is bad at every severity: one column does.
                [narrow(all), narrow(bad), 0]
            }
            _ => return,
        };
        if counts[scan::ALL] == 0 {
            return;
        }
        let minute = incoming.minute();
        self.minutes.add(minute, counts);
        if counts[1] > 0 || counts[2] > 0 {
            self.newest_bad = self.newest_bad.max(minute);
        }
        self.revision += u32::from(incoming.is_late());
    }

    /// Judges the minutes that are over. Also answers how it was found when something new was.
    pub(super) fn judge(&self, asked: &Asked<'_>) -> (Reading, Option<Detection>) {
        match asked.open {
            Some(open) => self.follow(asked, open),
            None => self.look(asked, None).unwrap_or((Reading::Quiet, None)),
        }
    }

    /// Looks for a proof of a severity above `open`.
    fn look(
        &self,
        asked: &Asked<'_>,
        open: Option<Severity>,
    ) -> Option<(Reading, Option<Detection>)> {
        let longest = asked.scan.windows_min.last().copied().unwrap_or(PRESENT_MIN);
        let recent = i64::from(scan::recent_min(longest));
        if self.newest_bad <= (asked.minute - recent).max(asked.ended) {
            return None;
        }
        for (severity, _) in asked.rule.thresholds() {
            if Some(severity) <= open {
                break;
            }
            let minutes = self.minutes(asked, severity);
            let found = scan::proof(minutes, asked.minute, asked.limit(severity), asked.scan);
            if let Some(finding) = found {
                let found = Detection { window_min: finding.window_min, ..Detection::default() };
                let reading = self.reading(asked, finding, severity, Some(severity));
                return Some((reading, Some(found)));
            }
        }
        None
    }

    /// What there is to say of an open alert.
    fn follow(&self, asked: &Asked<'_>, open: Severity) -> (Reading, Option<Detection>) {
        if let Some(worse) = self.look(asked, Some(open)) {
            return worse;
        }
        let longest = asked.scan.windows_min.last().copied().unwrap_or(PRESENT_MIN);
        if self.newest() <= asked.minute - i64::from(longest) {
            // Nothing is reported any more: an alert must not stay open for ever.
            return (Reading::Quiet, None);
        }
        let found_min = asked.found.window_min.max(PRESENT_MIN * 5);
        let count = u64::from(asked.rule.clear_count);
        let mut newest = Reading::NoData;
        for (severity, _) in asked.rule.thresholds().filter(|(severity, _)| *severity <= open) {
            let minutes = self.minutes(asked, severity);
            let now = scan::now(minutes, asked.minute, found_min, count, asked.scan);
            let Some(now) = now else { return (Reading::NoData, None) };
            let holds = bound::fraction(now.bad, now.all) > asked.limit(severity);
            newest = self.reading(asked, now, severity, holds.then_some(severity));
            if holds {
                break;
            }
        }
        (newest, None)
    }

    /// The share over the newest minutes against its lowest limit, though it proves nothing.
    pub(super) fn spell_out(&self, asked: &Asked<'_>) -> Reading {
        let lowest = asked.rule.thresholds().next_back();
        let Some((severity, _)) = lowest else { return Reading::NoData };
        let minutes = self.minutes(asked, severity);
        let now = scan::now(minutes, asked.minute, PRESENT_MIN * 5, 1, asked.scan);
        let Some(now) = now else { return Reading::NoData };
        let is_above = bound::fraction(now.bad, now.all) > asked.limit(severity);
        match self.reading(asked, now, severity, None) {
            Reading::Judged(evidence) if is_above => {
                Reading::Judged(Evidence { gate: Gate::Uncertain, ..evidence })
            }
            reading => reading,
        }
    }

    fn minutes(&self, asked: &Asked<'_>, severity: Severity) -> Minutes<'_> {
        let bad = match (&asked.rule.signal, severity) {
            (Signal::Latency { .. }, Severity::Critical) => 2,
            _ => 1,
        };
        Minutes { ring: &self.minutes, bad, ended: asked.ended }
    }

    /// The evidence in the unit of the signal. Of a latency the share above the level decides; its
    /// quantile is told, and the level is its lower bound once the share is proven.
    fn reading(
        &self,
        asked: &Asked<'_>,
        found: Finding,
        severity: Severity,
        reached: Option<Severity>,
    ) -> Reading {
        let gate = if reached.is_some() { Gate::Passed } else { Gate::BelowThreshold };
        let base = Evidence {
            value: bound::fraction(found.bad, found.all),
            count: found.all,
            lower: bound::lower(found.bad, found.all, asked.scan.evidence),
            upper: bound::upper(found.bad, found.all, asked.scan.evidence),
            threshold: asked.limit(severity),
            reached,
            gate,
        };
        let Signal::Latency { q, .. } = &asked.rule.signal else { return Reading::Judged(base) };
        let level = level(asked.rule, severity, asked.usual).unwrap_or(0.0);
        let quantile = self.recent.as_ref().and_then(|recent| recent.quantile(*q)).unwrap_or(0.0);
        let value = if reached.is_some() { quantile.max(level) } else { quantile };
        let lower = if reached.is_some() { level } else { 0.0 };
        Reading::Judged(Evidence { value, lower, upper: f64::INFINITY, threshold: level, ..base })
    }
}

/// What a rule asks of a group at the end of a minute.
pub(super) struct Asked<'a> {
    pub(super) rule: &'a Rule,
    pub(super) scan: &'a ScanSettings,
    /// The newest minute that is over.
    pub(super) minute: i64,
    /// What the group, or the whole it is a part of, is used to.
    pub(super) usual: Option<f64>,
    /// Severity of the open alert.
    pub(super) open: Option<Severity>,
    /// How it was found.
    pub(super) found: Detection,
    /// Minutes up to this one do not count: an alert has ended in it.
    pub(super) ended: i64,
}

impl Asked<'_> {
    /// The share that must not be passed.
    fn limit(&self, severity: Severity) -> f64 {
        match &self.rule.signal {
            Signal::Latency { q, .. } => 1.0 - q,
            _ => threshold(self.rule, severity)
                .map_or(1.0, |threshold| raised(self.rule, threshold, self.usual).min(0.99)),
        }
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
    let times = rule.baseline.map_or(0.0, |usual| usual.times);
    threshold.max(usual.map_or(0.0, |usual| times * usual))
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Length of a part of what is recent, in ms. What is told covers one to two parts.
const PART_MS: i64 = 5 * 60_000;

/// The durations of the newest minutes, only to say in a page what the quantile is: the current part
/// and the one before.
#[derive(Debug, Clone, Default)]
struct Recent {
    part: i64,
    current: Coarse,
    before: Coarse,
}

impl Recent {
    fn add(&mut self, at_ms: i64, durations: &Histogram) {
        let part = at_ms.div_euclid(PART_MS);
        if part < self.part - 1 {
            return;
        }
        if part > self.part {
            let current = std::mem::take(&mut self.current);
            self.before = if part == self.part + 1 { current } else { Coarse::default() };
            self.part = part;
        }
        let held = if part == self.part { &mut self.current } else { &mut self.before };
        held.add(durations);
    }

    /// The q-quantile in seconds.
    fn quantile(&self, q: f64) -> Option<f64> {
        let mut sum = self.before.clone();
        sum.merge(&self.current);
        sum.quantile(q)
    }
}
