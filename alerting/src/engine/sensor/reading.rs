//! What a sensor reports.

use crate::engine::evidence::{Comparison, Evidence};
use crate::rule::Severity;

/// What a sensor reports at the end of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::engine) enum Reading {
    /// There was no data.
    NoData,
    /// The condition does not hold; the evidence was not computed, because it was not needed.
    Quiet,
    /// The evidence, and what decided.
    Measured(Evidence, Comparison),
}

impl Reading {
    /// The severity that is reached.
    pub(in crate::engine) const fn reached(&self) -> Option<Severity> {
        match self {
            Self::Measured(evidence, _) => evidence.reached,
            Self::NoData | Self::Quiet => None,
        }
    }

    /// The evidence, when it was computed.
    pub(in crate::engine) const fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Measured(evidence, _) => Some(*evidence),
            Self::NoData | Self::Quiet => None,
        }
    }

    /// What decided, when evidence was computed.
    pub(in crate::engine) const fn comparison(&self) -> Option<Comparison> {
        match self {
            Self::Measured(_, comparison) => Some(*comparison),
            Self::NoData | Self::Quiet => None,
        }
    }

    /// The reading of evidence and of what decided.
    pub(in crate::engine) const fn of((evidence, comparison): (Evidence, Comparison)) -> Self {
        Self::Measured(evidence, comparison)
    }
}
