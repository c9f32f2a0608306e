//! What the benchmarks share: the facts they are run on, and the ways to drive and watch a server.
//!
//! `cargo bench -p plimsoll-benches` runs the micro-benchmarks; the binary `plimsoll-load` drives a
//! running server over HTTP, `plimsoll-hour` writes an hour of facts straight into a store, and
//! `plimsoll-peers` asks the same questions of Plimsoll and of other time-series stores.
//! `plimsoll-judge` measures the alert engine alone.
//! `plimsoll-score` holds the alerts of a backtest against labelled incidents. `README.md` beside this crate has the numbers and how they were measured.

pub mod client;
pub mod facts;
pub mod http;
pub mod items;
pub mod peer;
pub mod process;
pub mod remote_write;
pub mod score;

/// The server's, so that what is measured here is what it does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
