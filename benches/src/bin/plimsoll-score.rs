//! How good alerts are: the alerts of a backtest held against a labelled corpus.
//!
//!     plimsoll-score rules CORPUS/context.json > rules.yaml
//!     plimsoll backtest --rules rules.yaml --input CORPUS/observations.ndjson.zst --format json |
//!         plimsoll-score alerts --corpus CORPUS --verbose
//!
//! What counts as a page, as found and as false is defined in [`plimsoll_benches::score`].

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use clap::{Parser, Subcommand};
use plimsoll_benches::score::{
    Failure, Score, read_alerts, read_context, read_corpus, rules_yaml, score,
};

/// Measure how good alerts are.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what a context.json tells as a rules file
    Rules {
        /// The context.json
        context: PathBuf,
    },
    /// Hold the alerts of `plimsoll backtest --format json` against a corpus
    Alerts {
        /// Folder with incidents.json and context.json
        #[arg(long)]
        corpus: PathBuf,
        /// List missed incidents and false pages, and incidents by kind
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
            let score = score(&read_alerts(open(&alerts)?)?, &corpus);
            print!("{}", table(&score)?);
            if verbose {
                print!("{}", details(&score)?);
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

fn table(score: &Score) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let mut row = |name: &str, value: String| writeln!(text, "{name:<28} {value}");
    let (found, must) = (score.found.len(), score.found.len() + score.missed.len());
    let pages: usize = score.found.iter().map(|found| found.pages).sum();
    let most = score.found.iter().map(|found| found.pages).max().unwrap_or(0);
    row("page recall", format!("{:.1} % ({found} of {must})", score.recall() * 100.0))?;
    row(
        "precision",
        format!(
            "{:.1} % ({} true, {} false, {} neutral pages)",
            score.precision() * 100.0,
            score.true_pages,
            score.false_pages.len(),
            score.neutral_pages
        ),
    )?;
    row("time to detect, median", minutes(score.detected_after_ms(0.5)))?;
    row("time to detect, p95", minutes(score.detected_after_ms(0.95)))?;
    row(
        "pages per incident",
        format!("{:.2}, at most {most}", pages as f64 / found.max(1) as f64),
    )?;
    row(
        "false pages a partner-week",
        format!("{:.4}", score.false_pages.len() as f64 / score.partner_weeks),
    )?;
    row("flaps a fortnight", format!("{:.1}", score.flaps as f64 / score.weeks * 2.0))?;
    row("resolve lag, median", minutes(score.resolve_lag_ms()))?;
    row("warnings found", format!("{} of {}", score.warnings.0, score.warnings.1))?;
    Ok(text)
}

fn minutes(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.1} min", ms as f64 / 60_000.0))
}

fn details(score: &Score) -> Result<String, std::fmt::Error> {
    let mut text = String::from("\nkind                 found   slowest   pages\n");
    let mut kinds: BTreeMap<&str, (usize, usize, i64, usize)> = BTreeMap::new();
    for found in &score.found {
        let (count, all, slowest, pages) = kinds.entry(&found.kind).or_default();
        (*count, *all, *pages) = (*count + 1, *all + 1, *pages + found.pages);
        *slowest = found.detected_after_ms.max(*slowest);
    }
    for (_, kind) in &score.missed {
        kinds.entry(kind).or_default().1 += 1;
    }
    for (kind, (count, all, slowest, pages)) in kinds {
        writeln!(text, "{kind:<20} {count:>2}/{all:<2} {:>9} {pages:>7}", minutes(Some(slowest)))?;
    }
    for (id, kind) in &score.missed {
        writeln!(text, "missed {id} {kind}")?;
    }
    for page in &score.false_pages {
        let at = jiff::Timestamp::from_millisecond(page.at)
            .map_or_else(|_| page.at.to_string(), |at| at.to_string());
        let during = page.during.as_deref().unwrap_or("nothing");
        writeln!(text, "false  {at} {} {} during {during}", page.partner, page.rule)?;
    }
    Ok(text)
}
