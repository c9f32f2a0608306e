//! A share that is evaluated over several windows, against limits that may follow the baseline: ratios of
//! outcomes, and quantiles of durations as the share of durations above a level.

mod baseline;
mod recent;
mod scan;

use plimsoll_storage::Cell;

use self::baseline::Baseline;
use self::recent::RecentDurations;
use self::scan::{COLUMNS, Minutes, WindowCounts};
use crate::engine::bound;
use crate::engine::compact::{NEVER, Ring, saturated};
use crate::engine::evaluation::Detection;
use crate::engine::evidence::{ComparedUnit, Comparison, Evidence, EvidenceTest, Unmet};
use crate::engine::sensor::context::SensorContext;
use crate::engine::sensor::ratio;
use crate::engine::sensor::reading::Reading;
use crate::engine::time::{HOUR_MS, IncomingCell, MINUTE_MS};
use crate::rule::{Rule, ScanSettings, Severity, Signal};

/// An open alert is evaluated over at least this many minutes, because single minutes are noise.
const PRESENT_MIN: u32 = 5;
/// Length of the shortest window that an open alert is evaluated over, in ms.
pub(super) const PRESENT_MS: i64 = PRESENT_MIN as i64 * 5 * MINUTE_MS;
/// How many minutes are kept: the longest window, and the minute that is not complete.
const MINUTES: u16 = ScanSettings::WINDOW_MIN_MAX as u16 + 1;

/// What is known of one group.
#[derive(Debug, Clone)]
pub(in crate::engine) struct ShareSensor {
    /// Items, and those of them that are bad by severity.
    minutes: Ring<COLUMNS>,
    /// The newest minute with a bad item.
    newest_bad: i64,
    /// How often a cell was added to a minute that may have been evaluated.
    revision: u32,
    baseline: Option<Box<Baseline>>,
    /// Durations of the newest minutes, to show their quantile.
    recent: Option<Box<RecentDurations>>,
}

impl ShareSensor {
    pub(super) fn new(rule: &Rule) -> Self {
        let is_latency = matches!(rule.signal, Signal::Latency { .. });
        Self {
            minutes: Ring::new(MINUTES),
            newest_bad: NEVER,
            revision: 0,
            baseline: rule.baseline.map(|settings| Box::new(Baseline::new(settings.hours))),
            recent: is_latency.then(Box::default),
        }
    }

    /// The baseline of the group itself.
    pub(super) fn baseline(&self) -> Option<f64> {
        self.baseline.as_ref().and_then(|baseline| baseline.get())
    }

    /// The newest minute with an item.
    pub(super) const fn newest(&self) -> i64 {
        self.minutes.newest()
    }

    /// How often a cell was added to a minute that may have been evaluated.
    pub(super) const fn revision(&self) -> u32 {
        self.revision
    }

    /// Adds a cell. The level of durations depends on the baseline.
    // Called for every cell of every rule.
    #[inline]
    pub(super) fn add(
        &mut self,
        rule: &Rule,
        incoming: &IncomingCell<'_>,
        cell: &Cell,
        baseline: Option<f64>,
    ) {
        let hour = incoming.start_ms().div_euclid(HOUR_MS);
        let counts = match &rule.signal {
            Signal::Latency { q, .. } => {
                if let Some(hours) = &mut self.baseline {
                    hours.add_durations(hour, &cell.durations, *q);
                }
                if let Some(recent) = &mut self.recent {
                    recent.add(incoming.start_ms(), &cell.durations);
                }
                let above = |severity| {
                    let level = level(rule, severity, baseline);
                    saturated(level.map_or(0, |level| cell.durations.count_above(level)))
                };
                let all = saturated(cell.durations.count());
                [all, above(Severity::Warning), above(Severity::Critical)]
            }
            Signal::Ratio { .. } => {
                let (bad, all) = ratio::counts(rule, cell);
                if let Some(hours) = &mut self.baseline {
                    hours.add_share(hour, bad, all);
                }
                // A bad item is bad at every severity, so one column is enough.
                [saturated(all), saturated(bad), 0]
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

    /// Evaluates the complete minutes. Also returns how an alert was detected, when a new severity was.
    pub(super) fn evaluate(&self, query: &ShareQuery<'_>) -> (Reading, Option<Detection>) {
        match query.open {
            Some(open) => self.follow(query, open),
            None => self.detect(query, None).unwrap_or((Reading::Quiet, None)),
        }
    }

    /// Detects a severity above `open`.
    fn detect(
        &self,
        query: &ShareQuery<'_>,
        open: Option<Severity>,
    ) -> Option<(Reading, Option<Detection>)> {
        let recent = i64::from(scan::recent_min(query.longest_min()));
        if self.newest_bad <= (query.minute - recent).max(query.resolved_minute) {
            return None;
        }
        for (severity, _) in query.rule.thresholds() {
            if Some(severity) <= open {
                break;
            }
            let minutes = self.minutes(query, severity);
            let limit = query.limit(severity);
            if let Some(counts) = scan::detect(minutes, query.minute, limit, query.scan) {
                let detection = Detection { window_min: counts.window_min, ..Detection::default() };
                let comparison = query.scanned(counts, limit, true, None);
                let reading = self.reading(query, counts, severity, comparison);
                return Some((reading, Some(detection)));
            }
        }
        None
    }

    /// Evaluates an open alert.
    fn follow(&self, query: &ShareQuery<'_>, open: Severity) -> (Reading, Option<Detection>) {
        if let Some(worse) = self.detect(query, Some(open)) {
            return worse;
        }
        if self.newest() <= query.minute - i64::from(query.longest_min()) {
            // Nothing is reported any more: the alert must not stay open for ever.
            return (Reading::Quiet, None);
        }
        let detected_min = query.detection.window_min.max(PRESENT_MIN * 5);
        let count = u64::from(query.rule.clear_count);
        let mut newest = Reading::NoData;
        for (severity, _) in query.rule.thresholds().filter(|(severity, _)| *severity <= open) {
            let minutes = self.minutes(query, severity);
            let present = scan::present(minutes, query.minute, detected_min, count, query.scan);
            let Some(present) = present else { return (Reading::NoData, None) };
            let comparison = query.followed(present, query.limit(severity));
            newest = self.reading(query, present, severity, comparison);
            if comparison.holds() {
                break;
            }
        }
        (newest, None)
    }

    /// The share over the shortest window of some minutes with items, compared with its lowest limit. It is
    /// that of a group without an alert.
    pub(super) fn compute_evidence(&self, query: &ShareQuery<'_>) -> Reading {
        let Some((severity, _)) = query.rule.thresholds().next_back() else {
            return Reading::NoData;
        };
        let minutes = self.minutes(query, severity);
        let windows = query.scan.windows_min.iter();
        let found = windows.filter(|window| **window >= PRESENT_MIN.min(query.longest_min()));
        let found = found.map(|window| scan::counts(minutes, query.minute, *window));
        let Some(counts) = found.into_iter().find(|counts| counts.all > 0) else {
            return Reading::NoData;
        };
        let limit = query.limit(severity);
        let is_above = bound::fraction(counts.bad, counts.all) > limit;
        let unmet = (!is_above)
            .then_some(Unmet::Threshold)
            .or_else(|| scan::unmet(minutes, query.minute, counts.window_min, limit, query.scan));
        let asked = query.scan.margin * limit;
        let is_proven = bound::is_above(counts.bad, counts.all, asked, query.scan.evidence);
        self.reading(query, counts, severity, query.scanned(counts, limit, is_proven, unmet))
    }

    fn minutes(&self, query: &ShareQuery<'_>, severity: Severity) -> Minutes<'_> {
        let bad = match (&query.rule.signal, severity) {
            (Signal::Latency { .. }, Severity::Critical) => 2,
            _ => 1,
        };
        Minutes { ring: &self.minutes, bad, resolved_minute: query.resolved_minute }
    }

    /// The evidence in the unit of the signal. Of a latency, the share above the level decides; the value is
    /// the quantile, and the level is its lower bound once the share is certain.
    fn reading(
        &self,
        query: &ShareQuery<'_>,
        counts: WindowCounts,
        severity: Severity,
        comparison: Comparison,
    ) -> Reading {
        let limit = query.limit(severity);
        let share = bound::fraction(counts.bad, counts.all);
        let is_above = share > limit;
        let base = Evidence {
            value: share,
            count: counts.all,
            lower: bound::lower(counts.bad, counts.all, query.scan.evidence),
            upper: bound::upper(counts.bad, counts.all, query.scan.evidence),
            threshold: limit,
            reached: comparison.holds().then_some(severity),
            gate: comparison.gate(is_above),
        };
        let Signal::Latency { q, .. } = &query.rule.signal else {
            return Reading::Measured(base, comparison);
        };
        let level = level(query.rule, severity, query.baseline).unwrap_or(0.0);
        // The quantile is of other minutes than the window: it must not contradict the share.
        let quantile = self.recent.as_ref().and_then(|recent| recent.quantile(*q)).unwrap_or(0.0);
        let value = if is_above { quantile.max(level) } else { quantile.min(level) };
        let lower = if base.reached.is_some() { level } else { 0.0 };
        let evidence = Evidence { value, lower, upper: f64::INFINITY, threshold: level, ..base };
        Reading::Measured(evidence, comparison)
    }
}

/// What a rule needs to know of a group at the end of a minute.
pub(super) struct ShareQuery<'a> {
    rule: &'a Rule,
    scan: &'a ScanSettings,
    /// The newest complete minute.
    minute: i64,
    /// The baseline of the group, or of its parent group.
    baseline: Option<f64>,
    /// Severity of the open alert.
    open: Option<Severity>,
    /// How the open alert was detected.
    detection: Detection,
    /// Minutes up to this one do not count, because an alert resolved in it.
    resolved_minute: i64,
}

impl<'a> ShareQuery<'a> {
    /// The query of a rule; `None` when it does not scan.
    pub(super) fn of(context: &SensorContext<'a>) -> Option<Self> {
        Some(Self {
            rule: context.rule,
            scan: context.rule.scan.as_ref()?,
            minute: context.end.last_minute(),
            baseline: context.baseline,
            open: context.open.map(|(severity, _)| severity),
            detection: context.open.map(|(_, detection)| detection).unwrap_or_default(),
            resolved_minute: context.resolved_minute,
        })
    }

    /// The longest window, in minutes.
    fn longest_min(&self) -> u32 {
        self.scan.windows_min.last().copied().unwrap_or(PRESENT_MIN)
    }

    /// The comparison of a scanned window: the lower bound of the share, with the part of the limit that the
    /// evidence is measured against.
    fn scanned(
        &self,
        counts: WindowCounts,
        limit: f64,
        is_proven: bool,
        unmet: Option<Unmet>,
    ) -> Comparison {
        let asked = self.scan.margin * limit;
        let bound = bound::lower(counts.bad, counts.all, self.scan.evidence);
        // The bound is found by a search. At the limit itself, the test without a search decides.
        let compared = if is_proven { bound.max(asked.next_up()) } else { bound.min(asked) };
        Comparison {
            test: EvidenceTest::Scan,
            window_min: counts.window_min,
            compared,
            limit: asked,
            unit: self.unit(),
            is_below: false,
            unmet,
        }
    }

    /// The comparison that keeps an alert open: the share with the limit.
    fn followed(&self, counts: WindowCounts, limit: f64) -> Comparison {
        Comparison {
            test: EvidenceTest::OpenAlert,
            window_min: counts.window_min,
            compared: bound::fraction(counts.bad, counts.all),
            limit,
            unit: self.unit(),
            is_below: false,
            unmet: None,
        }
    }

    const fn unit(&self) -> ComparedUnit {
        match self.rule.signal {
            Signal::Latency { .. } => ComparedUnit::Share,
            _ => ComparedUnit::Signal,
        }
    }

    /// The share that must not be exceeded.
    fn limit(&self, severity: Severity) -> f64 {
        match &self.rule.signal {
            Signal::Latency { q, .. } => 1.0 - q,
            _ => level(self.rule, severity, self.baseline).map_or(1.0, |level| level.min(0.99)),
        }
    }
}

/// The threshold of a severity, raised to what the baseline demands, in the unit of the signal.
fn level(rule: &Rule, severity: Severity, baseline: Option<f64>) -> Option<f64> {
    let threshold = rule.threshold(severity)?;
    let times = rule.baseline.map_or(0.0, |settings| settings.times);
    Some(threshold.max(baseline.map_or(0.0, |baseline| times * baseline)))
}
