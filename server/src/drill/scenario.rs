//! The faults that a drill can simulate: their traffic by the minute, and which rules should detect them.

use std::collections::BTreeMap;

use plimsoll_storage::{Label, LabelMatchers, Outcome};
use serde::Deserialize;

use super::OPERATION;
use super::traffic::{CALLS, FAULT_MS, STREAMS};

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// 40 % of the calls fail with a status of 500 or above.
    Status5xx,
    /// Half of the calls time out.
    Timeout,
    /// Calls take 4 s instead of 120 ms.
    Latency,
    /// Nothing is reported: no calls, no webhooks, no tracking events.
    Silence,
    /// Half of the calls fail with 401: a credential has expired.
    Status401,
    /// Half of the calls fail with 429: a rate limit is exceeded.
    Status429,
    /// Half of the calls fail with 400: a release sends wrong requests.
    Status4xx,
    /// Six bad minutes and four good ones alternate: 40 % of the calls fail with 5xx in bad ones.
    Flapping,
    /// One minute of 5xx, then normal traffic: no rule should fire.
    Blip,
}

impl clap::ValueEnum for Scenario {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()).help(self.sentence()))
    }
}

/// The calls of a minute of the fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Calls {
    /// The share that ends in `outcome` instead of success, 0 to 1.
    pub(super) failing: f64,
    pub(super) outcome: Outcome,
    pub(super) latency_ms: f64,
}

/// How long a normal call takes, in ms.
pub(super) const NORMAL_LATENCY_MS: f64 = 120.0;
const SLOW_LATENCY_MS: f64 = 4_000.0;

/// A rule as the API describes it: thresholds of latencies are in ms, of ages in seconds.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RuleFacts {
    pub(crate) name: String,
    signal: String,
    stream: String,
    /// The outcomes that it counts.
    #[serde(default)]
    of: Vec<String>,
    #[serde(rename = "match")]
    matches: BTreeMap<String, Vec<String>>,
    critical: Option<f64>,
    warning: Option<f64>,
}

impl Scenario {
    /// All scenarios.
    pub(crate) const ALL: [Self; 9] = [
        Self::Status5xx,
        Self::Timeout,
        Self::Latency,
        Self::Silence,
        Self::Status401,
        Self::Status429,
        Self::Status4xx,
        Self::Flapping,
        Self::Blip,
    ];

    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Status5xx => "5xx",
            Self::Timeout => "timeout",
            Self::Latency => "latency",
            Self::Silence => "silence",
            Self::Status401 => "401",
            Self::Status429 => "429",
            Self::Status4xx => "4xx",
            Self::Flapping => "flapping",
            Self::Blip => "blip",
        }
    }

    /// The fault in a sentence.
    pub(crate) const fn sentence(self) -> &'static str {
        match self {
            Self::Status5xx => "40 % of the calls fail with 503",
            Self::Timeout => "half of the calls time out",
            Self::Latency => "calls take 4 s instead of 120 ms",
            Self::Silence => "nothing is reported: no calls, webhooks or tracking events",
            Self::Status401 => "half of the calls fail with 401, as with an expired credential",
            Self::Status429 => "half of the calls fail with 429, as over a rate limit",
            Self::Status4xx => "half of the calls fail with 400, as after a bad release",
            Self::Flapping => {
                "six bad minutes and four good ones alternate; 40 % fail with 503 in bad ones"
            }
            Self::Blip => "one minute of 503, then normal traffic: no rule should fire",
        }
    }

    /// The calls of a minute of the fault, counted from its start; `None` for silence.
    pub(super) const fn calls(self, minute: i64) -> Option<Calls> {
        let (outcome, failing) = match self {
            Self::Silence => return None,
            Self::Latency => (Outcome::Status2xx, 0.0),
            Self::Timeout => (Outcome::Timeout, 0.5),
            Self::Status401 => (Outcome::Auth, 0.5),
            Self::Status429 => (Outcome::RateLimited, 0.5),
            Self::Status4xx => (Outcome::Status4xx, 0.5),
            Self::Status5xx => (Outcome::Status5xx, 0.4),
            Self::Flapping => (Outcome::Status5xx, if minute % 10 < 6 { 0.4 } else { 0.0 }),
            Self::Blip => (Outcome::Status5xx, if minute == 0 { 0.9 } else { 0.0 }),
        };
        let latency_ms = match self {
            Self::Latency => SLOW_LATENCY_MS,
            _ => NORMAL_LATENCY_MS,
        };
        Some(Calls { failing, outcome, latency_ms })
    }

    /// Whether a rule watches that partner and this fault crosses its threshold.
    pub(crate) fn is_detected_by(self, rule: &RuleFacts, partner: &str) -> bool {
        self != Self::Blip && rule.watches(partner) && self.crosses(rule)
    }

    fn crosses(self, rule: &RuleFacts) -> bool {
        let lowest = [rule.critical, rule.warning].into_iter().flatten().reduce(f64::min);
        let Some(lowest) = lowest else { return false };
        if self == Self::Silence {
            let lasts_s = FAULT_MS as f64 / 1e3;
            return STREAMS.contains(&rule.stream.as_str())
                && match rule.signal.as_str() {
                    "drop" => true,
                    // Five minutes are reserved for `for`.
                    "freshness" | "absence" => lowest < lasts_s - 300.0,
                    _ => false,
                };
        }
        let Some(calls) = self.calls(0) else { return false };
        rule.stream == CALLS
            && match rule.signal.as_str() {
                "latency" => calls.latency_ms > lowest,
                "ratio" => {
                    rule.of.iter().any(|it| it == calls.outcome.as_str()) && calls.failing > lowest
                }
                "burn" => rule.of.iter().any(|it| it == calls.outcome.as_str()),
                _ => false,
            }
    }
}

impl RuleFacts {
    /// Whether it watches the streams of a drill. All rules evaluate the sandbox, whatever environment they
    /// are for.
    fn watches(&self, partner: &str) -> bool {
        let mut matchers = LabelMatchers::new();
        let all_read = self.matches.iter().filter(|(label, _)| *label != "environment").all(
            |(label, values)| {
                let label = Label::parse(label);
                let values = values.iter().map(String::as_str);
                label.is_some_and(|label| matchers.read(label, values).is_ok())
            },
        );
        all_read
            && matchers.accept(|label| match label {
                Label::Partner => Some(partner),
                Label::Operation => Some(OPERATION),
                _ => Some(""),
            })
    }
}

#[cfg(test)]
mod tests;
