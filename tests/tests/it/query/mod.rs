//! The query API: selection, latency, outcomes, health, limits and exactness.

mod alerts;
mod flow;
mod latency;
mod limits;
mod outcomes;
mod quantile;
mod selection;
