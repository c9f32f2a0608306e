//! What the benchmarks share: the facts they are run on, and how alerts are scored.
//!
//! `cargo bench -p plimsoll-benches` runs the micro-benchmarks; the binary `plimsoll-load` drives a
//! running server over HTTP, and `plimsoll-hour` writes an hour of facts straight into a
//! store. `plimsoll-score` holds the alerts of a backtest against labelled incidents.

pub mod facts;
pub mod process;
pub mod score;
