//! Checks of the fields that let a rule adapt, and of how it speaks.

use std::collections::BTreeSet;

use plimsoll_storage::Label;
use serde_saphyr::Spanned;

use super::context::{self, Entry};
use crate::evidence::Severity;
use crate::limits::{SCAN_WINDOW_MIN_MAX, USUAL_HOURS_MAX};
use crate::rule::error::{Checked, Problem};
use crate::rule::period::{time_zone, weekday};
use crate::rule::quantity::{duration_ms, time_of_day};
use crate::rule::raw::{
    RawMode, RawNoData, RawPages, RawScan, RawSchedule, RawSeverity, RawUsual, RawWait,
};
use crate::rule::{Mode, OnNoData, Pages, Scan, Schedule, SignalKind, Usual, Voice};

/// `scan.evidence` when the rule says nothing: an error of one in a million.
const EVIDENCE_DEFAULT: f64 = 13.8;
/// The same for a drop.
const DROP_EVIDENCE_DEFAULT: f64 = 13.8;
/// Windows of a drop when the rule says nothing, in minutes.
const DROP_WINDOWS_MIN: [u32; 9] = [10, 15, 20, 30, 45, 60, 90, 120, 180];
/// `scan.margin` when the rule says nothing.
const MARGIN_DEFAULT: f64 = 0.7;
/// `scan.bad_minutes` when the rule says nothing.
const BAD_MINUTES_DEFAULT: u32 = 3;
/// `usual.over` when the rule says nothing: a week.
const USUAL_HOURS_DEFAULT: u32 = 168;
/// `pages.again_after` when the file says nothing.
const AGAIN_AFTER_DEFAULT_MS: i64 = 30 * 60_000;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

pub(super) fn scan(entry: &Entry, kind: SignalKind, raw: Option<RawScan>) -> Checked<Option<Scan>> {
    let Some(raw) = raw else { return Ok((kind == SignalKind::Drop).then(drop_scan)) };
    if !matches!(kind, SignalKind::Ratio | SignalKind::Latency | SignalKind::Drop) {
        return Err(entry.error("scan", Problem::NotForSignal("ratio, latency or drop")));
    }
    let evidence_default =
        if kind == SignalKind::Drop { DROP_EVIDENCE_DEFAULT } else { EVIDENCE_DEFAULT };
    let few_span = raw.few_span.as_ref().map(|text| entry.parsed("scan", text, duration_ms));
    Ok(Some(Scan {
        windows_min: windows(entry, &raw.windows)?,
        evidence: number(entry, raw.evidence.as_ref(), evidence_default, (0.5, 100.0))?,
        margin: number(entry, raw.margin.as_ref(), MARGIN_DEFAULT, (0.01, 1.0))?,
        bad_minutes: raw.bad_minutes.unwrap_or(BAD_MINUTES_DEFAULT),
        few: raw.few.unwrap_or(0),
        few_span_min: minutes(few_span.transpose()?.unwrap_or(0)),
    }))
}

/// How a drop is weighed when the rule says nothing.
fn drop_scan() -> Scan {
    Scan {
        windows_min: DROP_WINDOWS_MIN.to_vec(),
        evidence: DROP_EVIDENCE_DEFAULT,
        margin: MARGIN_DEFAULT,
        bad_minutes: BAD_MINUTES_DEFAULT,
        few: 0,
        few_span_min: 0,
    }
}

fn windows(entry: &Entry, raw: &[Spanned<String>]) -> Checked<Vec<u32>> {
    let refuse = || Problem::Windows { limit_min: SCAN_WINDOW_MIN_MAX };
    let mut found: Vec<u32> = Vec::new();
    for text in raw {
        let ms = entry.parsed("scan", text, duration_ms)?;
        let window = minutes(ms);
        let ascends = found.last().is_none_or(|last| *last < window);
        if ms % MINUTE_MS != 0 || window == 0 || window > SCAN_WINDOW_MIN_MAX || !ascends {
            return Err(entry.error_at(text.referenced, "scan", refuse()));
        }
        found.push(window);
    }
    if found.is_empty() { Err(entry.error("scan", refuse())) } else { Ok(found) }
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
    let problem = Problem::OutOfRange { value: raw.value.to_string(), expected };
    Err(entry.error_at(raw.referenced, "scan", problem))
}

pub(super) fn usual(
    entry: &Entry,
    kind: SignalKind,
    raw: Option<RawUsual>,
) -> Checked<Option<Usual>> {
    let Some(raw) = raw else { return Ok(None) };
    if !matches!(kind, SignalKind::Ratio | SignalKind::Latency) {
        return Err(entry.error("usual", Problem::NotForSignal("ratio or latency")));
    }
    let refuse = |place, value: String, expected| {
        Err(entry.error_at(place, "usual", Problem::OutOfRange { value, expected }))
    };
    let times = raw.times.value;
    if !(1.0..=100.0).contains(&times) {
        return refuse(raw.times.referenced, times.to_string(), "1 to 100");
    }
    let Some(over) = raw.over else {
        return Ok(Some(Usual { times, hours: USUAL_HOURS_DEFAULT }));
    };
    let hours = entry.parsed("usual", &over, duration_ms)? / HOUR_MS;
    match u32::try_from(hours) {
        Ok(hours) if (1..=USUAL_HOURS_MAX).contains(&hours) => Ok(Some(Usual { times, hours })),
        _ => refuse(over.referenced, over.value, "1h to 7d"),
    }
}

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

pub(super) const fn on_no_data(raw: Option<RawNoData>, scans: bool) -> OnNoData {
    match raw {
        Some(RawNoData::Keep) => OnNoData::Keep,
        Some(RawNoData::Alert) => OnNoData::Alert,
        None if scans => OnNoData::Keep,
        Some(RawNoData::Ok) | None => OnNoData::Ok,
    }
}

pub(super) fn voice(mode: Option<RawMode>, from: Option<RawSeverity>) -> Voice {
    let mode = match mode {
        Some(RawMode::Shadow) => Mode::Shadow,
        Some(RawMode::Live) | None => Mode::Live,
    };
    let from = match from {
        Some(RawSeverity::Critical) => Severity::Critical,
        Some(RawSeverity::Warning) | None => Severity::Warning,
    };
    Voice { mode, from }
}

/// Hours of the week, as the field of that name has them.
pub(super) fn schedule(entry: &Entry, field: &'static str, raw: &RawSchedule) -> Checked<Schedule> {
    let mut days = [raw.days.is_none(); 7];
    if raw.days.as_ref().is_some_and(Vec::is_empty) {
        return Err(entry.error_at(raw.from.referenced, field, Problem::EmptyList("day")));
    }
    for day in raw.days.iter().flatten() {
        let position = entry.parsed(field, day, weekday)?;
        if let Some(day) = days.get_mut(position) {
            *day = true;
        }
    }
    Ok(Schedule {
        days,
        from_min: entry.parsed(field, &raw.from, time_of_day)?,
        to_min: entry.parsed(field, &raw.to, time_of_day)?,
        time_zone: entry.parsed(field, &raw.time_zone, time_zone)?,
    })
}

pub(super) fn pages(raw: Spanned<RawPages>) -> Checked<Pages> {
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
    Ok(Pages {
        by: by.into_iter().collect(),
        again_after_ms: again_after.transpose()?.unwrap_or(AGAIN_AFTER_DEFAULT_MS),
        cascade_groups: raw.cascade.as_ref().map_or(u32::MAX, |cascade| cascade.groups),
        cascade_within_ms: within.transpose()?.unwrap_or(0),
        cascade_at_once_ms: at_once.transpose()?.unwrap_or(0),
        wait_critical_ms: wait(|it| it.critical.as_ref())?,
        wait_warning_ms: wait(|it| it.warning.as_ref())?,
    })
}
