//! Prints every violation of the rules of the house below a folder: `cargo run -p plimsoll-tidy [FOLDER]`.

use std::path::PathBuf;
use std::process::ExitCode;

use plimsoll_tidy::exceptions::EXCEPTIONS;
use plimsoll_tidy::{Sources, check};

fn main() -> ExitCode {
    let root = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let sources = match Sources::read(&root) {
        Ok(sources) => sources,
        Err(error) => {
            eprintln!("tidy: {error}");
            return ExitCode::FAILURE;
        }
    };
    let violations = check(&sources, EXCEPTIONS);
    violations.iter().for_each(|violation| println!("{violation}"));
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
