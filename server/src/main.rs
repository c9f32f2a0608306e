//! The `plimsoll` binary: configuration, command line, HTTP API.

mod api;
mod app;
mod backtest;
mod body;
mod cli;
mod clock;
mod config;
mod drill;
mod error;
mod import;
mod ingest;
mod memory;
mod negotiate;
mod own;
mod queries;
mod rules;
mod tasks;
mod telemetry;
mod trace;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plimsoll: {error}");
            ExitCode::FAILURE
        }
    }
}
