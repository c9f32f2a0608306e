//! Checks of what a rule measures, and of its thresholds.

use plimsoll_storage::{Outcome, normal_label};
use serde_saphyr::Spanned;

use crate::rule::check::context::{self, Entry};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{RawDrop, RawGauge, RawRatio, RawSignal};
use crate::rule::types::{self, Signal, SignalKind, duration_ms, share, threshold};

/// The part of the expected arrivals that is a drop on a holiday, unless the rule sets `on_holiday`.
const ON_HOLIDAY_DEFAULT: f64 = 0.06;

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
    let problem = match normal_label(signal.stream()) {
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
    let read = |text| entry.parsed("signal", &text, duration_ms);
    let forecast_ms = raw.forecast.map(read).transpose()?;
    Ok(Signal::Gauge { name: raw.name, below: false, forecast_ms })
}

fn ratio(entry: &Entry, raw: RawRatio) -> Checked<Signal> {
    let of = classes(entry, &raw.of)?;
    let to = raw.to.map(|to| classes(entry, &to)).transpose()?;
    // The bounds of the evidence hold for a share, so the counted classes must be part of the whole.
    let stray = to.as_ref().and_then(|to| of.iter().find(|class| !to.contains(class)));
    if let Some(class) = stray {
        return Err(entry.error("signal", RuleProblem::NotPartOfWhole(class.as_str())));
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

/// The thresholds of a rule.
pub(super) struct Thresholds {
    pub(super) critical: Option<f64>,
    pub(super) warning: Option<f64>,
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
        let value = |threshold: Option<types::Threshold>| threshold.map(|it| it.value);
        Ok(Self { critical: value(critical), warning: value(warning), below })
    }
}
