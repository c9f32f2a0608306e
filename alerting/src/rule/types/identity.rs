//! Whether a rule is still the same after its file was edited.
//!
//! A rule is identified by its name. It is the same rule while everything that decides an evaluation is
//! unchanged; then its states, timers and open alerts continue. Fields that only describe it or say whom
//! it notifies (`owner`, `runbook`, `labels`, `notify`, `notify_from`, `mode`, `depends_on`) may change.

use std::fmt::Write as _;

use plimsoll_storage::{Label, Matcher, Outcome};
use sha2::{Digest as _, Sha256};

use crate::rule::types::period::Schedule;
use crate::rule::types::rule::Rule;
use crate::rule::types::settings::{BaselineSettings, OnNoData, ScanSettings};
use crate::rule::types::signal::Signal;

/// Identity of what a rule evaluates: the first bytes of a hash.
pub(crate) type RuleIdentity = [u8; 8];

impl Rule {
    /// The identity of what it evaluates. It is on disk: the text it is made from must not change.
    #[must_use]
    pub(crate) fn identity(&self) -> RuleIdentity {
        let mut text = String::new();
        let _ = write!(text, "{}|{}", self.signal.kind().as_str(), signal_text(&self.signal));
        // Which partners expect a stream makes no difference to those that do.
        let is_fixed = |label| !(self.is_implied && label == Label::Partner);
        for (label, matcher) in self.matches.iter().filter(|(label, _)| is_fixed(*label)) {
            let label = label.as_str();
            let _ = match matcher {
                Matcher::In(values) => write!(text, "|{label}={values:?}"),
                Matcher::NotIn(values) => write!(text, "|{label}!={values:?}"),
                Matcher::Regex(pattern) => write!(text, "|{label}~{:?}", pattern.as_str()),
                Matcher::NotRegex(pattern) => write!(text, "|{label}!~{:?}", pattern.as_str()),
            };
        }
        for by in self.groupings() {
            let names: Vec<&str> = by.iter().map(|label| label.as_str()).collect();
            let _ = write!(text, "|by {}", names.join(","));
        }
        let _ = write!(
            text,
            "|{}|{}|{}|{:?}|{:?}|{}|{}|{:?}|{}|{}|{}",
            self.window_ms,
            self.for_ms,
            self.clear_ms,
            self.critical,
            self.warning,
            self.min_count,
            self.confidence,
            self.clear_level,
            self.clear_count,
            self.keep_firing_ms,
            match self.on_no_data {
                OnNoData::Ok => "ok",
                OnNoData::Keep => "keep",
                OnNoData::Alert => "alert",
            },
        );
        if let Some(ScanSettings {
            windows_min,
            evidence,
            margin,
            bad_minutes,
            few,
            few_span_min,
        }) = &self.scan
        {
            let _ = write!(
                text,
                "|scan {windows_min:?} {evidence} {margin} {bad_minutes} {few} {few_span_min}"
            );
        }
        if let Some(BaselineSettings { times, hours }) = self.baseline {
            let _ = write!(text, "|usual {times} {hours}");
        }
        if let Some(Schedule { days, from_min, to_min, time_zone }) = &self.schedule {
            let zone = time_zone.iana_name().unwrap_or_default();
            let _ = write!(text, "|schedule {days:?} {from_min} {to_min} {zone}");
        }
        let digest = Sha256::digest(text.as_bytes());
        let mut identity = RuleIdentity::default();
        identity.iter_mut().zip(digest).for_each(|(held, byte)| *held = byte);
        identity
    }
}

fn signal_text(signal: &Signal) -> String {
    let names = |classes: &[Outcome]| {
        let names: Vec<&str> = classes.iter().map(|class| class.as_str()).collect();
        names.join("+")
    };
    let stream = signal.stream();
    match signal {
        Signal::Ratio { of, to, .. } => {
            format!("{stream} {} / {}", names(of), to.as_deref().map_or("all".into(), names))
        }
        Signal::Latency { q, .. } => format!("{stream} {q}"),
        Signal::Drop { on_holiday, .. } => format!("{stream} {on_holiday}"),
        Signal::Gauge { below, is_percent: true, .. } => format!("{stream} {below} percent"),
        Signal::Gauge { below, forecast_ms, .. } => format!("{stream} {below} {forecast_ms:?}"),
        Signal::Burn { of, objective, .. } => format!("{stream} {} {objective}", names(of)),
        Signal::Freshness { .. } | Signal::Absence { .. } | Signal::Run { .. } => stream.to_owned(),
    }
}

#[cfg(test)]
mod tests;
