//! Checks of the settings of a rule and of notification grouping.

use std::collections::BTreeSet;

use plimsoll_storage::Label;
use serde_saphyr::Spanned;

use crate::rule::check::context::{self, Entry};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{
    RawMode, RawNoData, RawPages, RawScan, RawSchedule, RawSeverity, RawUsual, RawWait,
};
use crate::rule::types::{
    BaselineSettings, GroupingSettings, NO_HOURS, NotifyPolicy, OnNoData, RuleMode, ScanSettings,
    Schedule, Severity, SignalKind, duration_ms, duration_text, time_of_day, time_zone, weekday,
};

/// Default of `usual.over`: a week.
const BASELINE_HOURS_DEFAULT: u32 = BaselineSettings::HOURS_MAX;
/// Default of `pages.again_after`.
const AGAIN_AFTER_DEFAULT_MS: i64 = 30 * 60_000;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// `scan`: what it leaves out has the default of the signal. A drop is always scanned.
pub(super) fn scan(
    entry: &Entry,
    kind: SignalKind,
    raw: Option<RawScan>,
) -> Checked<Option<ScanSettings>> {
    let defaults = ScanSettings::defaults(kind);
    let Some(raw) = raw else { return Ok(defaults.filter(|_| kind == SignalKind::Drop)) };
    let Some(defaults) = defaults else {
        return Err(entry.error("scan", RuleProblem::NotForSignal("ratio, latency or drop")));
    };
    if kind == SignalKind::Drop {
        let others = [raw.bad_minutes.is_some(), raw.few.is_some(), raw.few_span.is_some()];
        if others.contains(&true) {
            return Err(entry.error("scan", RuleProblem::NotForDrop));
        }
    }
    let few_span = raw.few_span.as_ref();
    let few_span = few_span.map(|text| entry.parsed("scan.few_span", text, whole_minutes));
    let windows_min = raw.windows.map(|raw| windows(entry, &raw)).transpose()?;
    let windows_min = windows_min.unwrap_or(defaults.windows_min);
    let longest = windows_min.last().copied().unwrap_or(0);
    // The first and the last minute of a window are one less apart than it has minutes, and few items must be
    // further apart than the span.
    let span_max = longest.saturating_sub(2);
    let few_span_min = few_span.transpose()?;
    if few_span_min.is_some_and(|span| span > span_max) {
        let problem = RuleProblem::ScanSpread(longest, span_max);
        return Err(entry.error("scan.few_span", problem));
    }
    let scan = ScanSettings {
        windows_min,
        evidence: number(entry, raw.evidence.as_ref(), defaults.evidence, (0.5, 100.0))?,
        margin: number(entry, raw.margin.as_ref(), defaults.margin, (0.01, 1.0))?,
        bad_minutes: raw.bad_minutes.unwrap_or(defaults.bad_minutes),
        few: raw.few.unwrap_or(defaults.few),
        few_span_min: few_span_min.unwrap_or(defaults.few_span_min.min(span_max)),
    };
    // A window must be bad without its two worst minutes, and so needs a third.
    let needed = scan.bad_minutes.max(3);
    if kind != SignalKind::Drop && longest < needed {
        return Err(entry.error("scan", RuleProblem::ScanNever { longest, needed }));
    }
    Ok(Some(scan))
}

fn whole_minutes(text: &str) -> Result<u32, RuleProblem> {
    let ms = duration_ms(text)?;
    if ms % MINUTE_MS != 0 {
        let (unit, example) = ("minute", "5m");
        return Err(RuleProblem::NotWhole { text: text.to_owned(), unit, example });
    }
    Ok(minutes(ms))
}

fn windows(entry: &Entry, raw: &[Spanned<String>]) -> Checked<Vec<u32>> {
    let problem = || RuleProblem::Windows { limit_min: ScanSettings::WINDOW_MIN_MAX };
    let mut found: Vec<u32> = Vec::new();
    for text in raw {
        let ms = entry.parsed("scan", text, duration_ms)?;
        let window = minutes(ms);
        let ascends = found.last().is_none_or(|last| *last < window);
        if ms % MINUTE_MS != 0 || window == 0 || window > ScanSettings::WINDOW_MIN_MAX || !ascends {
            return Err(entry.error_at(text.referenced, "scan", problem()));
        }
        found.push(window);
    }
    if found.is_empty() { Err(entry.error("scan", problem())) } else { Ok(found) }
}

fn minutes(ms: i64) -> u32 {
    u32::try_from(ms / MINUTE_MS).unwrap_or(u32::MAX)
}

fn number(
    entry: &Entry,
    raw: Option<&Spanned<f64>>,
    default: f64,
    (low, high): (f64, f64),
) -> Checked<f64> {
    let Some(raw) = raw else { return Ok(default) };
    if (low..=high).contains(&raw.value) {
        return Ok(raw.value);
    }
    let expected = if high > 1.0 { "0.5 to 100" } else { "0.01 to 1" };
    let problem = RuleProblem::OutOfRange { value: raw.value.to_string(), expected };
    Err(entry.error_at(raw.referenced, "scan", problem))
}

/// `usual`.
pub(super) fn baseline(
    entry: &Entry,
    (kind, scans): (SignalKind, bool),
    raw: Option<RawUsual>,
) -> Checked<Option<BaselineSettings>> {
    let Some(raw) = raw else { return Ok(None) };
    let is_age = matches!(kind, SignalKind::Freshness | SignalKind::Absence);
    if !matches!(kind, SignalKind::Ratio | SignalKind::Latency) && !is_age {
        let signals = "ratio, latency, freshness or absence";
        return Err(entry.error("usual", RuleProblem::NotForSignal(signals)));
    }
    if !scans && !is_age {
        return Err(entry.error("usual", RuleProblem::NoEffect("without `scan`; add `scan: {}`")));
    }
    let error = |place, value: String, expected| {
        Err(entry.error_at(place, "usual", RuleProblem::OutOfRange { value, expected }))
    };
    let times = raw.times.value;
    if !(1.0..=100.0).contains(&times) {
        return error(raw.times.referenced, times.to_string(), "1 to 100");
    }
    if is_age && raw.over.is_some() {
        let problem =
            RuleProblem::NoEffect("for an age, which always looks back 7 days; leave it out");
        return Err(entry.error("usual.over", problem));
    }
    let Some(over) = raw.over else {
        return Ok(Some(BaselineSettings { times, hours: BASELINE_HOURS_DEFAULT }));
    };
    let ms = entry.parsed("usual", &over, duration_ms)?;
    if ms % HOUR_MS != 0 {
        let (text, unit, example) = (over.value, "hour", "7d");
        let problem = RuleProblem::NotWhole { text, unit, example };
        return Err(entry.error_at(over.referenced, "usual", problem));
    }
    let hours = ms / HOUR_MS;
    match u32::try_from(hours) {
        Ok(hours) if (1..=BaselineSettings::HOURS_MAX).contains(&hours) => {
            Ok(Some(BaselineSettings { times, hours }))
        }
        _ => error(over.referenced, over.value, "1h to 7d"),
    }
}

/// `also_by`.
pub(super) fn groupings(
    entry: &Entry,
    raw: Option<Vec<Vec<Spanned<String>>>>,
) -> Checked<Vec<Vec<Label>>> {
    let one = |names: Vec<Spanned<String>>| {
        let labels = names.iter().map(|name| entry.parsed("also_by", name, context::label));
        labels.collect::<Checked<BTreeSet<Label>>>().map(|set| set.into_iter().collect())
    };
    raw.unwrap_or_default().into_iter().map(one).collect()
}

/// `on_no_data`: a scan keeps an alert unless the rule says otherwise.
pub(super) const fn on_no_data(raw: Option<RawNoData>, scans: bool) -> OnNoData {
    match raw {
        Some(RawNoData::Keep) => OnNoData::Keep,
        Some(RawNoData::Alert) => OnNoData::Alert,
        None if scans => OnNoData::Keep,
        Some(RawNoData::Ok) | None => OnNoData::Ok,
    }
}

/// `mode` and `notify_from`.
pub(super) fn notify_policy(mode: Option<RawMode>, from: Option<RawSeverity>) -> NotifyPolicy {
    let mode = match mode {
        Some(RawMode::Shadow) => RuleMode::Shadow,
        Some(RawMode::Live) | None => RuleMode::Live,
    };
    let from = match from {
        Some(RawSeverity::Critical) => Severity::Critical,
        Some(RawSeverity::Warning) | None => Severity::Warning,
    };
    NotifyPolicy { mode, from }
}

/// Hours of the week, in the field of that name.
pub(super) fn schedule(entry: &Entry, field: &'static str, raw: &RawSchedule) -> Checked<Schedule> {
    let mut days = [raw.days.is_none(); 7];
    if raw.days.as_ref().is_some_and(Vec::is_empty) {
        return Err(entry.error_at(raw.from.referenced, field, RuleProblem::EmptyList("day")));
    }
    for day in raw.days.iter().flatten() {
        let position = entry.parsed(field, day, weekday)?;
        if let Some(day) = days.get_mut(position) {
            *day = true;
        }
    }
    let from_min = entry.parsed(field, &raw.from, time_of_day)?;
    let to_min = entry.parsed(field, &raw.to, time_of_day)?;
    let time_zone = entry.parsed(field, &raw.time_zone, time_zone)?;
    if from_min == to_min {
        let problem = RuleProblem::Hours(NO_HOURS.into());
        return Err(entry.error_at(raw.to.referenced, field, problem));
    }
    Ok(Schedule { days, from_min, to_min, time_zone })
}

/// `schedule`, which must last longer than `for`.
pub(super) fn rule_hours(
    entry: &Entry,
    raw: Option<&RawSchedule>,
    for_ms: i64,
) -> Checked<Option<Schedule>> {
    let hours = raw.map(|raw| schedule(entry, "schedule", raw)).transpose()?;
    if hours.as_ref().is_some_and(|hours| hours.length_ms() <= for_ms) {
        let problem = RuleProblem::Hours(format!(
            "is over after `for`, {}, so the rule never fires; write longer hours or a shorter `for`",
            duration_text(for_ms)
        ));
        return Err(entry.error("schedule", problem));
    }
    Ok(hours)
}

/// `pages`.
pub(super) fn grouping(raw: Spanned<RawPages>) -> Checked<GroupingSettings> {
    let entry = Entry::new("pages", "", raw.referenced);
    let raw = raw.value;
    let by = raw.by.iter().map(|name| entry.parsed("by", name, context::label));
    let by: BTreeSet<Label> = by.collect::<Checked<_>>()?;
    let again_after = raw.again_after.as_ref();
    let again_after = again_after.map(|text| entry.parsed("again_after", text, duration_ms));
    let within = raw.cascade.as_ref().map(|it| entry.parsed("cascade", &it.within, duration_ms));
    let at_once = raw.cascade.as_ref().and_then(|it| it.at_once.as_ref());
    let at_once = at_once.map(|text| entry.parsed("cascade", text, duration_ms));
    let wait = |of: fn(&RawWait) -> Option<&Spanned<String>>| {
        let text = raw.wait.as_ref().and_then(of);
        text.map_or(Ok(0), |text| entry.parsed("wait", text, duration_ms))
    };
    Ok(GroupingSettings {
        by: by.into_iter().collect(),
        again_after_ms: again_after.transpose()?.unwrap_or(AGAIN_AFTER_DEFAULT_MS),
        cascade_groups: raw.cascade.as_ref().map_or(u32::MAX, |cascade| cascade.groups),
        cascade_within_ms: within.transpose()?.unwrap_or(0),
        cascade_at_once_ms: at_once.transpose()?.unwrap_or(0),
        wait_critical_ms: wait(|it| it.critical.as_ref())?,
        wait_warning_ms: wait(|it| it.warning.as_ref())?,
    })
}
