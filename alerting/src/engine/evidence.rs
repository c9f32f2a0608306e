//! Evidence: what one evaluation measured, how certain it is, and which severity it reaches.

use bincode::{Decode, Encode};

use crate::rule::{Rule, Severity};

/// Why an evaluation did or did not reach a severity. The numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Gate {
    /// It reached one.
    Passed,
    /// The value is at or below the lowest threshold.
    BelowThreshold,
    /// The value is above it, but with so few items that could be chance.
    Uncertain,
    /// There were fewer items than the rule's `min_count`.
    TooFew,
    /// The value is above it for certain, but a condition of `scan` is not met: see [`Unmet`].
    Unproven,
}

impl Gate {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::BelowThreshold => "below_threshold",
            Self::Uncertain => "uncertain",
            Self::TooFew => "too_few",
            Self::Unproven => "unproven",
        }
    }
}

/// What one evaluation of one group measured. Values are in the unit of the signal: fractions of 1 for a
/// ratio, seconds for latency and freshness.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct Evidence {
    /// The measured value.
    pub value: f64,
    /// How many items were measured; 1 for freshness.
    pub count: u64,
    /// The true value is not below this, at the rule's confidence.
    pub lower: f64,
    /// The true value is not above this, at the rule's confidence; infinite when that is unknown.
    pub upper: f64,
    /// The highest threshold that is crossed, or else the lowest there is.
    pub threshold: f64,
    /// The severity that is reached.
    pub reached: Option<Severity>,
    /// Why a severity is reached or not.
    pub gate: Gate,
}

impl Evidence {
    /// Whether it is further beyond the threshold of its rule for certain.
    #[must_use]
    pub fn is_worse_than(&self, other: &Self, rule: &Rule) -> bool {
        if rule.fires_below() { self.upper < other.upper } else { self.lower > other.lower }
    }

    /// Stands in for an evaluation that is not there. No alert fires without one.
    pub(crate) const NONE: Self = Self {
        value: 0.0,
        count: 0,
        lower: 0.0,
        upper: f64::INFINITY,
        threshold: 0.0,
        reached: None,
        gate: Gate::TooFew,
    };
}

/// Which test decides whether a severity is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvidenceTest {
    /// A bound of the value over the window of the rule.
    Window,
    /// The evidence of one of several windows.
    Scan,
    /// The value itself: it keeps an open alert open.
    OpenAlert,
}

impl EvidenceTest {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Scan => "scan",
            Self::OpenAlert => "open_alert",
        }
    }
}

/// What the numbers of a [`Comparison`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedUnit {
    /// Values of the signal.
    Signal,
    /// Shares of the items that are beyond the threshold, as fractions of 1.
    Share,
    /// Weights of evidence, in nats.
    Nats,
}

/// A condition, beside the comparison, that an evaluation did not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmet {
    /// There are fewer items than `min_count`.
    MinCount,
    /// The value is not beyond the threshold. A scan compares its evidence with a part of the threshold.
    Threshold,
    /// Fewer minutes than `scan.bad_minutes` are bad.
    BadMinutes,
    /// Fewer bad items than `scan.few`, within `scan.few_span`.
    Spread,
    /// The newest fifth of the window is not bad.
    NewestPart,
    /// The window is not bad without its two worst minutes.
    WorstMinutes,
}

impl Unmet {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MinCount => "min_count",
            Self::Threshold => "threshold",
            Self::BadMinutes => "bad_minutes",
            Self::Spread => "few_span",
            Self::NewestPart => "newest_part",
            Self::WorstMinutes => "worst_minutes",
        }
    }
}

/// What decided an evaluation: a severity is reached when the compared number is beyond the limit and
/// nothing else is unmet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Which test it was.
    pub test: EvidenceTest,
    /// The window in minutes; 0 for the window of the rule.
    pub window_min: u32,
    /// The number that was compared.
    pub compared: f64,
    /// What it was compared with.
    pub limit: f64,
    /// What both numbers are.
    pub unit: ComparedUnit,
    /// Whether it must be below the limit, not above.
    pub is_below: bool,
    /// Which other condition is not met.
    pub unmet: Option<Unmet>,
}

impl Comparison {
    /// Whether the compared number is beyond the limit.
    #[must_use]
    pub fn is_beyond(&self) -> bool {
        if self.is_below { self.compared < self.limit } else { self.compared > self.limit }
    }

    /// Whether a severity is reached.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.is_beyond() && self.unmet.is_none()
    }

    /// The gate of an evaluation; `is_value_beyond` says whether the value is beyond the threshold.
    pub(crate) fn gate(&self, is_value_beyond: bool) -> Gate {
        match self.unmet {
            _ if self.holds() => Gate::Passed,
            Some(Unmet::MinCount) => Gate::TooFew,
            _ if !is_value_beyond => Gate::BelowThreshold,
            _ if !self.is_beyond() => Gate::Uncertain,
            _ => Gate::Unproven,
        }
    }
}

/// A measured value with its bounds, before it is compared with the thresholds of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    pub(crate) count: u64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

impl Measured {
    /// Compares the value with the thresholds of a rule: a severity is reached when even the bound nearer to
    /// its threshold is beyond it.
    pub(crate) fn evaluate(self, rule: &Rule) -> (Evidence, Comparison) {
        self.evaluate_raised(rule, f64::NEG_INFINITY)
    }

    /// As [`Measured::evaluate`], with thresholds that are at least `least`.
    pub(crate) fn evaluate_raised(self, rule: &Rule, least: f64) -> (Evidence, Comparison) {
        let thresholds =
            || rule.thresholds().map(|(severity, threshold)| (severity, threshold.max(least)));
        let is_below = rule.fires_below();
        let compared = if is_below { self.upper } else { self.lower };
        let none = if is_below { f64::NEG_INFINITY } else { f64::INFINITY };
        let comparison = |limit| Comparison {
            test: EvidenceTest::Window,
            window_min: 0,
            compared,
            limit,
            unit: ComparedUnit::Signal,
            is_below,
            unmet: (self.count < rule.min_count).then_some(Unmet::MinCount),
        };
        let crossed = thresholds().find(|(_, threshold)| comparison(*threshold).holds());
        let lowest = thresholds().next_back().map_or(none, |(_, threshold)| threshold);
        let threshold = crossed.map_or(lowest, |(_, threshold)| threshold);
        let comparison = comparison(threshold);
        let of_value = Comparison { compared: self.value, ..comparison };
        let evidence = Evidence {
            value: self.value,
            count: self.count,
            lower: self.lower,
            upper: self.upper,
            threshold,
            reached: crossed.map(|(severity, _)| severity),
            gate: comparison.gate(of_value.is_beyond()),
        };
        (evidence, comparison)
    }
}

#[cfg(test)]
mod tests;
