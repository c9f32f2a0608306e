//! A rule at many thresholds: sweeps, and suggestions for a threshold.

pub(crate) mod suggest;
mod variant;

pub(crate) use variant::{Variant, VariantOutcome, knee};
