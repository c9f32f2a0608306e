//! The `plimsoll` binary: parses the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use plimsoll::Cli;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plimsoll: {error}");
            ExitCode::FAILURE
        }
    }
}
