//! Compares the alerts of a backtest with a labelled corpus.
//!
//!     plimsoll-score rules CORPUS/context.json > rules.yaml
//!     plimsoll backtest --rules rules.yaml --input CORPUS/observations.ndjson.zst --format json |
//!         plimsoll-score alerts --corpus CORPUS --verbose
//!
//! [`plimsoll_alerting::report::score()`] defines what counts as a notification, as found and as false.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use plimsoll_alerting::report::score;
use plimsoll_benches::Failure;
use plimsoll_benches::score::{read_alerts, read_context, read_corpus, rules_yaml};

/// Score alerts
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a context.json as a rules file
    Rules {
        /// The context.json
        context: PathBuf,
    },
    /// Compare the alerts of `plimsoll backtest --format json` with a corpus
    Alerts {
        /// Directory with incidents.json and context.json
        #[arg(long)]
        corpus: PathBuf,
        /// List missed incidents, false notifications, and incidents by kind
        #[arg(long)]
        verbose: bool,
        /// The alerts, one a line; - for standard input
        #[arg(default_value = "-")]
        alerts: PathBuf,
    },
}

fn main() -> Result<(), Failure> {
    match Cli::parse().command {
        Command::Rules { context } => print!("{}", rules_yaml(&read_context(&context)?)?),
        Command::Alerts { corpus, verbose, alerts } => {
            let corpus = read_corpus(&corpus)?;
            let alerts = read_alerts(open(&alerts)?)?;
            let score = score(&alerts, &corpus.incidents, corpus.context.scored());
            print!("{}", score.summary()?);
            if verbose {
                print!("{}", score.details()?);
            }
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}
