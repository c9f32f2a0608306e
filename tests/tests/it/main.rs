//! End-to-end tests of the real binary, one module for each promise. One binary holds them all, so
//! that there is one to link.

mod acknowledge;
mod api_description;
mod api_examples;
mod backtest;
mod backup;
mod bad_input;
mod common;
mod crash;
mod damage;
mod deliver;
mod drills;
mod full_disk;
mod idempotency;
mod import;
mod lifecycle;
mod page;
mod push;
mod quantile;
mod query_limits;
mod questions;
mod questions_alerts;
mod questions_flow;
mod questions_latency;
mod questions_outcomes;
mod releases;
mod reload;
mod retention;
mod runbooks;
mod scene;
mod schema;
mod silences;
mod simulate;
