//! The `plimsoll` binary: parses the command line and runs the command.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use plimsoll::Cli;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough, such as `head -1`.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // `eprintln!` panics when nobody can read the error.
            let _ = writeln!(io::stderr(), "plimsoll: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether an error, or one of its causes, is that nobody reads the output any more.
fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let is_pipe = |error: &(dyn Error + 'static)| {
        let of_json = || error.downcast_ref::<serde_json::Error>()?.io_error_kind();
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or_else(of_json);
        kind == Some(io::ErrorKind::BrokenPipe)
    };
    let mut cause = Some(error);
    while let Some(error) = cause {
        if is_pipe(error) {
            return true;
        }
        cause = error.source();
    }
    false
}
