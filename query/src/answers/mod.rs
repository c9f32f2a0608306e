//! One file a query: its parameters beyond selector and grid, its answer, and the function that computes it.

mod amplification;
mod baseline;
mod compare;
mod exemplars;
mod freshness;
mod gauges;
mod health;
mod heatmap;
mod latency;
mod outcomes;
mod partners;
mod rank;

pub use amplification::{AmplificationPoint, amplification};
pub use baseline::{
    BaselinePoint, ExcludedPeriod, Measure, PastWeeks, WEEK_MS, baseline, utc_weeks,
};
pub use compare::{Pair, filter_by_label, pair};
pub use exemplars::{FoundExemplars, exemplar_events, exemplars};
pub use freshness::{ExpectedStream, Freshness, freshness, newest_before};
pub use gauges::{GaugePoint, gauges};
pub use health::{
    HealthStatus, OpenAlert, StreamAge, StreamHealth, WINDOWS_MS, WindowHealth, assess, health,
};
pub use heatmap::{HeatBucket, HeatPoint, Heatmap, heatmap};
pub use latency::{LatencyMeasures, LatencyPoint, latency};
pub use outcomes::{OutcomePoint, outcomes};
pub use partners::{PartnerActivity, partners};
pub use rank::{Rank, top};
