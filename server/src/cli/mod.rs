//! The command line, one module for each command.

mod backtest;
mod backup;
mod check;
mod client;
mod import;
mod inspect;
mod job;
mod keys;
mod process;
mod receivers;
mod repair;
mod restore;
mod serve;
mod simulate;
mod suggest;

use clap::{Parser, Subcommand};

/// Stores the health of partner integrations, answers queries about it, and notifies when a partner
/// has been failing for a while.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The output format of a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON object.
    Json,
}

/// A number of things: `1 rule`, `2 rules`.
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server
    Serve(Box<serve::Args>),
    /// Check a rules file and report mistakes
    Check(check::Args),
    /// Replay rules over a recording or stored data, and report the alerts and notifications
    Backtest(Box<backtest::Args>),
    /// Push a simulated fault into the sandbox of a running server, and report which rules detect it and when
    Simulate(simulate::Args),
    /// Suggest a threshold for a number of notifications a week, from history
    Suggest(Box<suggest::Args>),
    /// Read access logs into a server or a data directory
    Import(Box<import::Args>),
    /// Back up the database of a running server or of a data directory
    Backup(backup::Args),
    /// Create a data directory from a backup
    Restore(restore::Args),
    /// Set damaged files of a data directory aside, and keep what can be read
    Repair(repair::Args),
    /// Make, list, revoke and rotate the keys of the API
    Keys(keys::Args),
    /// List the receivers of a rules file, or test one
    Receivers(receivers::Args),
    /// Show the contents of a data directory that no server uses
    Inspect(inspect::Args),
}

/// Why a command failed: the sentence to print.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// The command failed.
    pub fn run(self) -> Result<(), CommandError> {
        process::prepare()?;
        match self.command {
            Command::Serve(args) => serve::run(*args),
            Command::Check(args) => check::run(&args),
            Command::Backtest(args) => backtest::run(&args),
            Command::Simulate(args) => simulate::run(&args),
            Command::Suggest(args) => suggest::run(&args),
            Command::Import(args) => import::run(&args),
            Command::Backup(args) => backup::run(&args),
            Command::Restore(args) => restore::run(&args),
            Command::Repair(args) => repair::run(&args),
            Command::Keys(args) => keys::run(args),
            Command::Receivers(args) => receivers::run(&args),
            Command::Inspect(args) => inspect::run(&args),
        }
    }
}
