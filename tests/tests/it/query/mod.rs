//! The query API: selection, latency, outcomes, health, limits, exactness and the sandbox.

mod alerts;
mod flow;
mod latency;
mod limits;
mod outcomes;
mod quantile;
mod sandbox;
mod selection;
mod times;
mod windows;
