//! The command line, one file a command.

mod backtest;
mod backup;
mod check;
mod client;
mod import;
mod inspect;
mod job;
mod receivers;
mod restore;
mod serve;
mod simulate;
mod suggest;

use clap::{Parser, Subcommand};
use plimsoll_storage::TimestampMs;

use crate::wire::time;

/// Stores how partner integrations are doing, answers questions about it, and pages when a partner
/// has really been failing for a while.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// How a command prints what it found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON object.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server
    Serve(Box<serve::Args>),
    /// Check a rules file and say what is wrong with it
    Check(check::Args),
    /// Replay rules over a recording or over what is stored, and say what they would have told
    Backtest(Box<backtest::Args>),
    /// Push a made-up fault into a running server's sandbox, and say which rules noticed it and when
    Simulate(simulate::Args),
    /// Propose thresholds that give so many pages a week, by what is stored
    Suggest(Box<suggest::Args>),
    /// Read access logs into a server or a data directory
    Import(Box<import::Args>),
    /// Copy the database as of this moment, of a running server or of a data directory
    Backup(backup::Args),
    /// Make a data directory from a backup
    Restore(restore::Args),
    /// List the receivers of a rules file, or test one
    Receivers(receivers::Args),
    /// Count what lies in a data directory that no server has open
    Inspect(inspect::Args),
}

/// A command that failed: the sentence to show.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// What to tell the person at the terminal.
    pub fn run(self) -> Result<(), CommandError> {
        match self.command {
            Command::Serve(args) => serve::run(*args),
            Command::Check(args) => check::run(&args),
            Command::Backtest(args) => backtest::run(&args),
            Command::Simulate(args) => simulate::run(&args),
            Command::Suggest(args) => suggest::run(&args),
            Command::Import(args) => import::run(&args),
            Command::Backup(args) => backup::run(&args),
            Command::Restore(args) => restore::run(&args),
            Command::Receivers(args) => receivers::run(&args),
            Command::Inspect(args) => inspect::run(&args),
        }
    }
}

/// A time as an argument.
fn parse_time(text: &str) -> Result<TimestampMs, String> {
    time::parse(text)
        .ok_or_else(|| "use RFC 3339 (2026-11-20T19:04:40Z) or epoch milliseconds".to_owned())
}
