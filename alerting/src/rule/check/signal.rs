//! Checks of what a rule measures, and of its thresholds.

use plimsoll_storage::{Outcome, SlotWidth, stream_name};
use serde_saphyr::Spanned;

use crate::rule::check::context::{self, Entry};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{RawDrop, RawGauge, RawRatio, RawSignal};
use crate::rule::types::{
    Signal, SignalKind, Threshold, duration_ms, duration_text, share, threshold,
};

/// The part of the expected arrivals that is a drop on a holiday, unless the rule sets `on_holiday`.
const ON_HOLIDAY_DEFAULT: f64 = 0.06;

/// How many slots the window of a burn rate has at least: its last twelfth is looked at too.
const BURN_SLOTS_MIN: i64 = 12;

/// How many slots with a level a forecast needs.
const FORECAST_SLOTS_MIN: i64 = 3;

/// The signal of a rule. The direction of a gauge is left open: it is that of the thresholds.
pub(super) fn signal(entry: &Entry, raw: Spanned<RawSignal>) -> Checked<Signal> {
    let signal = match raw.value {
        RawSignal::Ratio(raw) => ratio(entry, raw)?,
        RawSignal::Latency(latency) => {
            let q = latency.q.value;
            if !(q > 0.0 && q < 1.0) {
                let expected = "more than 0 and less than 1, such as 0.95";
                let problem = RuleProblem::OutOfRange { value: q.to_string(), expected };
                return Err(entry.error_at(latency.q.referenced, "signal", problem));
            }
            Signal::Latency { q, stream: latency.stream }
        }
        RawSignal::Freshness(freshness) => Signal::Freshness { stream: freshness.stream },
        RawSignal::Drop(raw) => drop(entry, raw)?,
        RawSignal::Absence(absence) => Signal::Absence { stream: absence.stream },
        RawSignal::Gauge(raw) => gauge(entry, raw)?,
        RawSignal::Burn(burn) => Signal::Burn {
            of: classes(entry, &burn.of)?,
            stream: burn.stream,
            objective: entry.parsed("signal", &burn.objective, share)?,
        },
        RawSignal::Run(run) => Signal::Run { stream: run.stream },
    };
    let problem = match stream_name(signal.stream()) {
        Ok(normal) if normal == signal.stream() => return Ok(signal),
        Ok(normal) => format!("no stream has this name; write it as `{normal}`"),
        Err(error) => format!("the stream {error}; name the stream that is watched"),
    };
    Err(entry.error_at(raw.referenced, "signal", RuleProblem::Shape(problem)))
}

fn drop(entry: &Entry, raw: RawDrop) -> Checked<Signal> {
    let read = |text| entry.parsed("signal", &text, |text| threshold(text, SignalKind::Drop));
    let on_holiday = raw.on_holiday.map(read).transpose()?;
    let on_holiday = on_holiday.map_or(ON_HOLIDAY_DEFAULT, |threshold| threshold.value);
    Ok(Signal::Drop { stream: raw.stream, on_holiday })
}

fn gauge(entry: &Entry, raw: RawGauge) -> Checked<Signal> {
    let is_percent = raw.percent.unwrap_or(false);
    if is_percent && raw.forecast.is_some() {
        let problem =
            "`percent` is the mean of the window, which has no `forecast`; remove one of them";
        return Err(entry.error("signal", RuleProblem::Shape(problem.to_owned())));
    }
    let read = |text| entry.parsed("signal", &text, duration_ms);
    let forecast_ms = raw.forecast.map(read).transpose()?;
    Ok(Signal::Gauge { name: raw.name, below: false, forecast_ms, is_percent })
}

fn ratio(entry: &Entry, raw: RawRatio) -> Checked<Signal> {
    let of = classes(entry, &raw.of)?;
    let to = raw.to.map(|to| classes(entry, &to)).transpose()?;
    // The bounds of the evidence hold for a share, so the counted classes must be part of the whole.
    let stray = to.as_ref().and_then(|to| of.iter().find(|class| !to.contains(class)));
    if let Some(class) = stray {
        return Err(entry.error("signal", RuleProblem::NotPartOfWhole(class.as_str())));
    }
    if of.len() == to.as_ref().map_or(Outcome::ALL.len(), Vec::len) {
        return Err(entry.error("signal", RuleProblem::WholeRatio));
    }
    Ok(Signal::Ratio { of, to, stream: raw.stream })
}

fn classes(entry: &Entry, names: &[Spanned<String>]) -> Checked<Vec<Outcome>> {
    if names.is_empty() {
        return Err(entry.error("signal", RuleProblem::EmptyList("outcome class")));
    }
    let mut classes = Vec::new();
    for name in names {
        let class = entry.parsed("signal", name, context::outcome)?;
        // A class that is named twice must not be counted twice.
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    Ok(classes)
}

/// Checks that an evaluation can reach the thresholds with the window and the least count of a rule.
pub(super) fn check_reach(
    entry: &Entry,
    signal: &Signal,
    thresholds: &Thresholds,
    (window_ms, min_count): (i64, Option<u64>),
    width: SlotWidth,
) -> Checked<()> {
    if signal.kind().is_age() && min_count.is_some_and(|count| count > 1) {
        return Err(entry.error("min_count", RuleProblem::CountNever));
    }
    match signal {
        Signal::Gauge { forecast_ms: Some(_), .. } => {
            let least_ms = FORECAST_SLOTS_MIN * width.ms();
            if window_ms < least_ms {
                let problem = RuleProblem::ForecastWindow(duration_text(least_ms));
                return Err(entry.error("window", problem));
            }
        }
        Signal::Burn { objective, .. } => {
            let least_ms = BURN_SLOTS_MIN * width.ms();
            if window_ms < least_ms {
                let problem = RuleProblem::BurnWindow(duration_text(least_ms));
                return Err(entry.error("window", problem));
            }
            let most = 1.0 / (1.0 - objective);
            let never = |it: &&Threshold| it.value >= most * (1.0 - 1e-9);
            if let Some(threshold) = thresholds.set().find(never) {
                let text = format!("> {}", threshold.value);
                let most = (most * 100.0).round() / 100.0;
                return Err(entry.error("critical", RuleProblem::BurnNever { text, most }));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The thresholds of a rule.
pub(super) struct Thresholds {
    critical: Option<Threshold>,
    warning: Option<Threshold>,
    /// Whether values below them are bad.
    pub(super) below: bool,
}

impl Thresholds {
    /// Checks both thresholds together.
    pub(super) fn read(
        entry: &Entry,
        kind: SignalKind,
        critical: Option<&Spanned<String>>,
        warning: Option<&Spanned<String>>,
    ) -> Checked<Self> {
        let read = |field, text: Option<&Spanned<String>>| {
            text.map(|text| entry.parsed(field, text, |text| threshold(text, kind))).transpose()
        };
        let (critical, warning) = (read("critical", critical)?, read("warning", warning)?);
        let below = critical.or(warning).is_some_and(|threshold| threshold.below);
        let error = |problem| Err(entry.error("critical", problem));
        match (critical, warning) {
            (None, None) => return error(RuleProblem::NoThreshold),
            (Some(critical), Some(warning)) if critical.below != warning.below => {
                return error(RuleProblem::ThresholdDirection);
            }
            (Some(critical), Some(warning))
                if critical.value == warning.value || (critical.value < warning.value) != below =>
            {
                return error(RuleProblem::ThresholdOrder);
            }
            _ => {}
        }
        Ok(Self { critical, warning, below })
    }

    pub(super) fn critical(&self) -> Option<f64> {
        self.critical.map(|it| it.value)
    }

    pub(super) fn warning(&self) -> Option<f64> {
        self.warning.map(|it| it.value)
    }

    /// Those that are set, the highest severity first.
    fn set(&self) -> impl DoubleEndedIterator<Item = &Threshold> {
        [&self.critical, &self.warning].into_iter().flatten()
    }

    /// Reads `clear.level`, which must lie on the good side of the lowest threshold, or at it.
    pub(super) fn clear_level(&self, text: &str, kind: SignalKind) -> Result<f64, RuleProblem> {
        let level = threshold(text, kind)?;
        if level.below != self.below {
            return Err(RuleProblem::ClearDirection(text.to_owned()));
        }
        let lowest = self.set().next_back().map_or(level.value, |it| it.value);
        let is_beyond = if self.below { level.value < lowest } else { level.value > lowest };
        if is_beyond { Err(RuleProblem::ClearBeyond(text.to_owned())) } else { Ok(level.value) }
    }
}
