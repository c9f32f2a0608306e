//! Queries about partners: latency, outcomes and their ratios, freshness, gauges, baselines, and the health
//! of a partner.
//!
//! Every query takes a [`Selector`], the labels to group `by`, and a [`Grid`]: points in time with a window
//! before each. This crate reads the store and never writes to it.
//!
//! The rooms, each of which imports only those before it: `limits`, `statistics` (estimates from counts and
//! histograms), `select` (streams, grid, budget, parallel work), `engine` (adds cells up into windows),
//! `answers` (one file a query).

mod answers;
mod engine;
pub mod limits;
mod select;
mod statistics;

pub use answers::{
    AmplificationPoint, BaselinePoint, ExcludedPeriod, ExpectedStream, FoundExemplars, Freshness,
    GaugePoint, HealthStatus, HeatBucket, HeatPoint, Heatmap, LatencyMeasures, LatencyPoint,
    Measure, OpenAlert, OutcomePoint, Pair, PartnerActivity, PastWeeks, Rank, StreamAge,
    StreamHealth, WEEK_MS, WINDOWS_MS, WindowHealth, amplification, assess, baseline,
    exemplar_events, exemplars, filter_by_label, freshness, gauges, health, heatmap, latency,
    newest_before, outcomes, pair, partners, top, utc_weeks,
};
pub use engine::{aggregate, coarser_cells_ms};
pub use select::{
    Budget, Error, Grid, Group, Meter, Result, Selector, Series, groups, not_whole_slots,
    parallel_map,
};
pub use statistics::{
    ClassRatio, Confidence, ERRORS, Estimate, ExpectedValue, Ratio, apdex, difference, share_under,
};
