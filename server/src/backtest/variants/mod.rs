//! A rule at many thresholds: sweeps, and suggestions for a threshold.

pub(crate) mod suggest;
pub(crate) mod sweep;
mod variant;
