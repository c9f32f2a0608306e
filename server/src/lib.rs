//! The Plimsoll server as a library: settings, command line, HTTP API, import and backtest.
//!
//! The `plimsoll` binary parses the command line into a [`Cli`] and runs it. Nothing else is public, except
//! for the fuzz targets.

// `println!` panics when nobody reads the output; `writeln!` returns the error, which `main` knows.
#![warn(clippy::print_stdout)]

#[cfg(fuzzing)]
pub mod fuzzing;

mod access;
mod admission;
mod app;
mod backtest;
mod cli;
mod clock;
mod config;
mod connections;
#[cfg(test)]
mod docs;
mod drill;
mod error;
mod health;
mod http;
mod import;
mod ingest;
mod memory;
mod self_metrics;
mod wire;

pub use cli::{Cli, CommandError};
