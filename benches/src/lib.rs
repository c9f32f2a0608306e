//! Shared parts of the benchmarks: test data, and the means to drive and measure a server.
//!
//! `cargo bench -p plimsoll-benches` runs the micro-benchmarks. The binaries:
//!
//! - `plimsoll-load` drives a running server over HTTP
//! - `plimsoll-hour` writes an hour of test data into a store, `plimsoll-month` a month
//! - `plimsoll-peers` sends the same queries to Plimsoll and to other time-series stores
//! - `plimsoll-connections` measures pushes beside idle and dripping connections
//! - `plimsoll-evaluate` measures the alert engine alone
//! - `plimsoll-score` compares the alerts of a backtest with labelled incidents
//!
//! Programs that measure time or memory set the global allocator to that of the server. The library does not
//! set one, because `plimsoll-evaluate` counts allocated bytes. `README.md` in this directory has the
//! results.

pub mod clock;
pub mod facts;
pub mod http;
pub mod items;
pub mod peer;
pub mod process;
pub mod remote_write;
pub mod score;

/// Why a benchmark failed.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
