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
    pub(crate) fn evaluate(self, rule: &Rule) -> Evidence {
        let enough = self.count >= rule.min_count;
        let fires_below = rule.fires_below();
        let beyond = |low: f64, high: f64, threshold: f64| {
            if fires_below { high < threshold } else { low > threshold }
        };
        let crossed = rule
            .thresholds()
            .find(|(_, threshold)| enough && beyond(self.lower, self.upper, *threshold));
        let none = if fires_below { f64::NEG_INFINITY } else { f64::INFINITY };
        let lowest = rule.thresholds().next_back().map_or(none, |(_, threshold)| threshold);
        let gate = if crossed.is_some() {
            Gate::Passed
        } else if !enough {
            Gate::TooFew
        } else if beyond(self.value, self.value, lowest) {
            Gate::Uncertain
        } else {
            Gate::BelowThreshold
        };
        Evidence {
            value: self.value,
            count: self.count,
            lower: self.lower,
            upper: self.upper,
            threshold: crossed.map_or(lowest, |(_, threshold)| threshold),
            reached: crossed.map(|(severity, _)| severity),
            gate,
        }
    }
}

#[cfg(test)]
mod tests;
