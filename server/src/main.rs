//! The `plimsoll` binary: configuration, command line, HTTP API.

mod api;
mod app;
mod backtest;
mod body;
mod cli;
mod clock;
mod config;
mod error;
mod import;
mod ingest;
mod tasks;
mod telemetry;
mod trace;
mod wire;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plimsoll: {error}");
            ExitCode::FAILURE
        }
    }
}
