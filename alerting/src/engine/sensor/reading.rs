//! What a sensor reports.

use crate::engine::evidence::Evidence;
use crate::rule::Severity;

/// What a sensor reports at the end of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::engine) enum Reading {
    /// There was no data.
    NoData,
    /// The condition does not hold; the evidence was not computed, because it was not needed.
    Quiet,
    /// The evidence.
    Measured(Evidence),
}

impl Reading {
    /// The severity that is reached.
    pub(in crate::engine) const fn reached(&self) -> Option<Severity> {
        match self {
            Self::Measured(evidence) => evidence.reached,
            Self::NoData | Self::Quiet => None,
        }
    }

    /// The evidence, when it was computed.
    pub(in crate::engine) const fn evidence(&self) -> Option<Evidence> {
        match self {
            Self::Measured(evidence) => Some(*evidence),
            Self::NoData | Self::Quiet => None,
        }
    }
}
