//! `plimsoll receivers`: lists receivers, and tests one without a server.

use std::path::PathBuf;

use clap::Subcommand;
use plimsoll_alerting::{RuleSet, TestResult, test_receiver};

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
        Ok(RuleSet::load(&self.rules, &|name| std::env::var(name).ok())?)
    }
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    match &args.command {
        Command::List(rules) => {
            for receiver in rules.load()?.receivers {
                println!("{} ({})", receiver.name, receiver.target.kind());
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
        format!("the rules file has no receiver {name:?}; it has {}", known.join(", "))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let results = runtime.block_on(test_receiver(receiver, allow_private, &clock::now))?;
    for TestResult { action, status, took_ms, error } in &results {
        let status = status.map_or_else(String::new, |status| format!(" ({status})"));
        match error {
            None => println!("{}: arrived in {took_ms} ms{status}", action.as_str()),
            Some(error) => println!("{}: {error}, after {took_ms} ms", action.as_str()),
        }
    }
    if results.iter().any(|result| result.error.is_some()) {
        return Err(format!("the receiver {name} did not accept the test").into());
    }
    Ok(())
}
