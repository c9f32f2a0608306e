//! Questions about partners: latency, outcomes and their ratios, freshness, gauges, what is usual, and
//! how a partner is doing.
//!
//! Every question takes a [`Selector`], the labels to group `by`, and a [`Grid`] of points in time
//! with a window before each. This crate only reads.

mod amplification;
mod baseline;
mod budget;
mod contrast;
mod error;
mod estimate;
mod exemplars;
mod fold;
mod freshness;
mod gauge;
mod grid;
mod health;
mod heatmap;
mod latency;
pub mod limits;
mod outcomes;
mod partners;
mod rank;
mod ratio;
mod select;
mod share;
mod under;

pub use amplification::{AmplificationPoint, amplification};
pub use baseline::{
    BaselinePoint, ExcludedPeriod, ExpectedValue, Measure, PastWeeks, WEEK_MS, baseline, utc_weeks,
};
pub use budget::Budget;
pub use contrast::{Pair, filter_by_label, pair};
pub use error::{Error, Result};
pub use estimate::{Confidence, Estimate, difference};
pub use exemplars::{FoundExemplars, exemplars};
pub use fold::{aggregate, coarser_cells_ms};
pub use freshness::{ExpectedStream, Freshness, freshness, newest_before};
pub use gauge::{GaugePoint, gauges};
pub use grid::Grid;
pub use health::{HealthStatus, OpenAlert, StreamHealth, WINDOWS_MS, WindowHealth, assess, health};
pub use heatmap::{HeatBucket, HeatPoint, Heatmap, heatmap};
pub use latency::{LatencyMeasures, LatencyPoint, latency};
pub use outcomes::{OutcomePoint, outcomes};
pub use partners::{PartnerActivity, partners};
pub use rank::{Rank, top};
pub use ratio::{ClassRatio, ERRORS, Ratio};
pub use select::{Group, Selector, Series, groups};
pub use share::parallel_map;
pub use under::{apdex, share_under};
