//! Questions about partners: latency quantiles, outcome counts and ratios, freshness, gauges.
//!
//! Every question takes a [`Selector`], the labels to group `by`, and a [`Grid`] of points in time
//! with a window before each. This crate only reads.

mod budget;
mod error;
mod fold;
mod freshness;
mod gauge;
mod grid;
mod latency;
mod outcomes;
mod partners;
mod select;

pub use budget::Budget;
pub use error::{Error, Result};
pub use fold::fold;
pub use freshness::{Freshness, freshness, newest_before};
pub use gauge::{GaugePoint, gauges};
pub use grid::{Grid, POINTS_MAX};
pub use latency::{LatencyPoint, latency};
pub use outcomes::{OutcomePoint, outcomes};
pub use partners::{Partner, partners};
pub use select::{Group, Selector, Series, groups};
