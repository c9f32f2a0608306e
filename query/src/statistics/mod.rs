//! Statistics on counts, histograms and samples: pure functions, without a store.

mod estimate;
mod expected;
mod ratio;
mod thresholds;

pub use estimate::{Confidence, Estimate, difference};
pub use expected::ExpectedValue;
pub use ratio::{ClassRatio, ERRORS, Ratio};
pub use thresholds::{apdex, share_under};
