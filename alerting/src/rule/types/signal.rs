//! What a rule measures.

use bincode::{Decode, Encode};
use plimsoll_storage::{GaugeCell, Outcome};

/// What a rule measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The share of some outcome classes among others, from 0 to 1.
    Ratio {
        /// Classes that are counted.
        of: Vec<Outcome>,
        /// Classes they are compared with, which include `of`; `None` for all.
        to: Option<Vec<Outcome>>,
        /// Name of the stream.
        stream: String,
    },
    /// A quantile of durations.
    Latency {
        /// Rank of the quantile, above 0 and below 1.
        q: f64,
        /// Name of the stream.
        stream: String,
    },
    /// The age of the newest event.
    Freshness {
        /// Name of the stream.
        stream: String,
    },
    /// Arrivals compared with those expected at this time of the week.
    Drop {
        /// Name of the stream.
        stream: String,
        /// On a holiday, arrivals below this part of the expected ones are a drop.
        on_holiday: f64,
    },
    /// The time since anything at all was reported, heartbeats included.
    Absence {
        /// Name of the stream.
        stream: String,
    },
    /// The level of a gauge.
    Gauge {
        /// Name of the gauge.
        name: String,
        /// Whether low levels are bad.
        below: bool,
        /// Evaluate the level that a straight line through the window reaches after so many ms; `None` for
        /// the present level.
        forecast_ms: Option<i64>,
        /// Evaluate the mean of the window, in percent. Readings of 0 to 1 in the whole window are shares,
        /// and count a hundred times.
        is_percent: bool,
    },
    /// How many times faster than allowed an error budget is used up.
    Burn {
        /// Classes that are counted.
        of: Vec<Outcome>,
        /// Name of the stream.
        stream: String,
        /// The share that must succeed, above 0 and below 1.
        objective: f64,
    },
    /// The age of the newest successful run. It grows while runs are missed, overdue or fail.
    Run {
        /// Name of the stream.
        stream: String,
    },
}

/// Whether readings of a gauge that is watched in percent can be shares: all are from 0 to 1.
pub(crate) fn has_shares(readings: &GaugeCell) -> bool {
    readings.min >= 0.0 && readings.max <= 1.0
}

impl Signal {
    /// Name of the stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        match self {
            Self::Ratio { stream, .. }
            | Self::Latency { stream, .. }
            | Self::Freshness { stream }
            | Self::Drop { stream, .. }
            | Self::Absence { stream }
            | Self::Gauge { name: stream, .. }
            | Self::Burn { stream, .. }
            | Self::Run { stream } => stream,
        }
    }

    /// The same for another stream.
    #[must_use]
    pub(crate) fn with_stream(mut self, name: &str) -> Self {
        match &mut self {
            Self::Ratio { stream, .. }
            | Self::Latency { stream, .. }
            | Self::Freshness { stream }
            | Self::Drop { stream, .. }
            | Self::Absence { stream }
            | Self::Gauge { name: stream, .. }
            | Self::Burn { stream, .. }
            | Self::Run { stream } => name.clone_into(stream),
        }
        self
    }

    /// The outcome classes that are counted; empty for signals that count none.
    #[must_use]
    pub fn of(&self) -> &[Outcome] {
        match self {
            Self::Ratio { of, .. } | Self::Burn { of, .. } => of,
            _ => &[],
        }
    }

    /// The kind of the signal.
    #[must_use]
    pub const fn kind(&self) -> SignalKind {
        match self {
            Self::Ratio { .. } => SignalKind::Ratio,
            Self::Latency { .. } => SignalKind::Latency,
            Self::Freshness { .. } => SignalKind::Freshness,
            Self::Drop { .. } => SignalKind::Drop,
            Self::Absence { .. } => SignalKind::Absence,
            Self::Gauge { .. } => SignalKind::Gauge,
            Self::Burn { .. } => SignalKind::Burn,
            Self::Run { .. } => SignalKind::Run,
        }
    }

    /// The measured value in words: `5xx+timeout share of requests`.
    #[must_use]
    pub fn symptom(&self) -> String {
        match self {
            Self::Ratio { of, stream, .. } => {
                let classes: Vec<&str> = of.iter().map(|class| class.as_str()).collect();
                format!("{} share of {stream}", classes.join("+"))
            }
            Self::Latency { q, stream } => {
                // Rounded, because 0.95 * 100 is not 95 in binary.
                format!("p{} latency of {stream}", (q * 1e5).round() / 1e3)
            }
            Self::Freshness { stream } => format!("age of the newest of {stream}"),
            Self::Drop { stream, .. } => format!("arrivals of {stream} against the usual"),
            Self::Absence { stream } => format!("time without any report of {stream}"),
            Self::Gauge { name, is_percent: true, .. } => format!("mean {name} in percent"),
            Self::Gauge { name, forecast_ms: None, .. } => name.clone(),
            Self::Gauge { name, .. } => format!("{name} as forecast"),
            Self::Burn { stream, .. } => format!("use of the error budget of {stream}"),
            Self::Run { stream } => format!("time since the last success of {stream}"),
        }
    }
}

/// The kinds of signals. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum SignalKind {
    /// [`Signal::Ratio`]; values are fractions of 1.
    Ratio,
    /// [`Signal::Latency`]; values are seconds.
    Latency,
    /// [`Signal::Freshness`]; values are seconds.
    Freshness,
    /// [`Signal::Drop`]; values are parts of the expected count.
    Drop,
    /// [`Signal::Absence`]; values are seconds.
    Absence,
    /// [`Signal::Gauge`]; values are in the unit of the gauge.
    Gauge,
    /// [`Signal::Burn`]; values are multiples of the allowed rate.
    Burn,
    /// [`Signal::Run`]; values are seconds.
    Run,
}

impl SignalKind {
    /// Whether the value is an age, which grows while nothing arrives.
    #[must_use]
    pub(crate) const fn is_age(self) -> bool {
        matches!(self, Self::Freshness | Self::Absence | Self::Run)
    }

    /// The name in the rules file, the API and notifications.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Latency => "latency",
            Self::Freshness => "freshness",
            Self::Drop => "drop",
            Self::Absence => "absence",
            Self::Gauge => "gauge",
            Self::Burn => "burn",
            Self::Run => "run",
        }
    }
}

#[cfg(test)]
mod tests;
