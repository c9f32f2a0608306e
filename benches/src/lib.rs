//! What the benchmarks share: the facts they are run on.
//!
//! `cargo bench -p plimsoll-benches` runs the micro-benchmarks; the binary `plimsoll-load` drives a
//! running server over HTTP, and `plimsoll-hour` writes an hour of facts straight into a store.

pub mod facts;
pub mod process;
