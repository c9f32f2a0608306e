//! What the benchmarks share: the facts they are run on.
//!
//! `cargo bench -p plimsoll-benches` runs the micro-benchmarks; the binary `plimsoll-load` drives a
//! running server over HTTP, `plimsoll-hour` writes an hour of facts straight into a store, and
//! `plimsoll-peers` asks the same questions of Plimsoll and of other time-series stores.

pub mod facts;
pub mod http;
pub mod peer;
pub mod process;
pub mod remote_write;
