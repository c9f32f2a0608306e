//! `plimsoll receivers`: lists receivers, and tests one without a server.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Subcommand;
use plimsoll_alerting::{RuleSet, TestResult, did_you_mean, test_receiver};
use plimsoll_storage::SlotWidth;

use super::CommandError;
use crate::clock;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the receivers of a rules file
    List(Rules),
    /// Send a receiver the trigger and the resolve of a test alert
    Test {
        /// Name of the receiver
        name: String,
        #[command(flatten)]
        rules: Rules,
        /// Allow a receiver at a loopback or private address
        #[arg(long, env = "PLIMSOLL_ALLOW_PRIVATE_RECEIVERS")]
        allow_private_receivers: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Rules {
    /// The rules file; secrets are read from the places it names
    #[arg(long, env = "PLIMSOLL_RULES", value_name = "RULES.yaml")]
    rules: PathBuf,
}

impl Rules {
    fn load(&self) -> Result<RuleSet, CommandError> {
        // Receivers do not depend on the width of slots; most rules are valid with the smallest.
        Ok(RuleSet::load(&self.rules, &|name| std::env::var(name).ok(), SlotWidth::MIN)?)
    }
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    match &args.command {
        Command::List(rules) => {
            for receiver in rules.load()?.receivers {
                writeln!(io::stdout(), "{} ({})", receiver.name, receiver.target.kind())?;
            }
            Ok(())
        }
        Command::Test { name, rules, allow_private_receivers } => {
            test(&rules.load()?, name, *allow_private_receivers)
        }
    }
}

fn test(rules: &RuleSet, name: &str, allow_private: bool) -> Result<(), CommandError> {
    let receiver = rules.receiver(name).ok_or_else(|| {
        let known: Vec<&str> = rules.receivers.iter().map(|known| known.name.as_str()).collect();
        let near = did_you_mean(name, known.iter().copied());
        match known.as_slice() {
            [] => format!("the rules file has no receiver {name:?}, and no other one"),
            known => {
                format!("the rules file has no receiver {name:?}, only {}{near}", known.join(", "))
            }
        }
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let results = runtime.block_on(test_receiver(receiver, allow_private, &clock::now))?;
    let mut out = io::stdout();
    for TestResult { action, status, took_ms, error } in &results {
        let status = status.map_or_else(String::new, |status| format!(" ({status})"));
        match error {
            None => writeln!(out, "{}: arrived in {took_ms} ms{status}", action.as_str())?,
            Some(error) => writeln!(out, "{}: {error}, after {took_ms} ms", action.as_str())?,
        }
    }
    if results.iter().any(|result| result.error.is_some()) {
        return Err(format!("the receiver {name} did not accept the test").into());
    }
    Ok(())
}
