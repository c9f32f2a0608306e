//! Queries on a real store, compared with brute force over the raw events.
#![allow(missing_docs, reason = "tests are named for what they show")]

mod baseline;
mod common;
mod compare;
mod exemplars;
mod freshness;
mod gauges;
mod health;
mod heatmap;
mod rollup;
mod windows;
