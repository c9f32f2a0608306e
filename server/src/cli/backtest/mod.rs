//! `plimsoll backtest`: what rules find in history.

mod remote;
mod sweep;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use plimsoll_alerting::report::Incident;
use plimsoll_alerting::{RuleSet, parse_time};
use plimsoll_storage::{SlotWidth, TimestampMs};
use serde::Serialize;
use serde_json::json;

use super::backup::open_existing;
use super::{CommandError, counted};
use crate::backtest::report::{self, Row, ScoreBody, html, score};
use crate::backtest::variants::sweep::{Sweep, table};
use crate::backtest::{
    History, HistoryError, ReadSummary, Replay, ReplayOptions, ReplayResult, cores,
    partner_conditions, replay,
};
use crate::config::parse_slot;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON object a line, one line for each alert.
    Json,
    /// A self-contained HTML page with charts.
    Html,
    /// One JSON object a line, one line for each change of state, also pending ones.
    Transitions,
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["input", "data_dir", "url"])))]
pub(super) struct Args {
    /// The rules file; one without `rules` means the default pack
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Recording of pushes: NDJSON, plain, gzip or zstd; - for standard input
    ///
    /// A line may have `received_at` (the time on the clock of the replay; default: the end of the item) and
    /// `batch` (its idempotency key).
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Data directory that no server uses
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Running server that evaluates what it has stored; its receivers are not notified
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Report alerts that fired at or after this time; earlier data is still used for learning
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<TimestampMs>,
    /// Stop at this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to: Option<TimestampMs>,
    /// Only these partners, as in queries: dhl, dhl,ups, !dhl or ~dhl.*; may be repeated
    #[arg(long, value_name = "SELECTOR")]
    partner: Vec<String>,
    /// Width of a slot for a recording [default: 10s]
    // Not `requires`: clap leaves it out when another option of the group is given.
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["data_dir", "url"])]
    slot: Option<String>,
    /// Compare with another rules file: notifications only in A (--rules), only in B, in both and how much
    /// earlier
    #[arg(long, value_name = "FILE", conflicts_with_all = ["incidents", "sweep"])]
    against: Option<PathBuf>,
    /// Evaluate a rule at each threshold and `for`: rule=NAME threshold=1%,2%,5% for=2m,5m
    ///
    /// Prints notifications, flaps and how long alerts were open, and marks the knee, where a higher
    /// threshold saves few notifications.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..=3, conflicts_with = "incidents")]
    sweep: Vec<String>,
    /// Score the alerts against incidents: a JSON list of {"start", "end", "partners", "must_page"}
    ///
    /// Prints recall, precision, time to detect, notifications per incident, false notifications per
    /// partner-week and flaps, from --from on.
    #[arg(long, value_name = "FILE")]
    incidents: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if args.from.zip(args.to).is_some_and(|(from, to)| to <= from) {
        return Err("--to must lie after --from".into());
    }
    if args.format == Format::Html && !args.sweep.is_empty() {
        return Err("--sweep prints a table or JSON; leave --format html out".into());
    }
    if args.format == Format::Transitions && (args.against.is_some() || !args.sweep.is_empty()) {
        return Err("--format transitions is for one rules file; use table or json".into());
    }
    if let Some(url) = &args.url {
        return remote::run(args, url);
    }
    let rules = RuleSet::load_for_replay(&args.rules)?;
    if !args.sweep.is_empty() {
        return sweep_over(args, &rules);
    }
    if let Some(against) = &args.against {
        return compare_with(args, rules, against);
    }
    let incidents = args.incidents.as_deref().map(read_incidents).transpose()?;
    let start = Instant::now();
    let history = history(args)?;
    let with_transitions = args.format == Format::Transitions;
    let Replay { mut results, scope, read } =
        evaluate(&history, vec![rules.clone()], with_transitions)?;
    let ReplayResult { mut alerts, mut transitions } = results.pop().unwrap_or_default();
    let score = incidents.map(|it| score(&alerts, &it, &scope, history.width(), args.from));
    if let Some(from) = args.from {
        alerts.retain(|alert| alert.fired_at >= from);
        transitions.retain(|event| event.at >= from);
    }
    eprintln!(
        "{read} in {:.1} s: {}",
        start.elapsed().as_secs_f64(),
        counted(alerts.len(), "alert")
    );
    let mut out = io::BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Json => report::write_json(&alerts, &mut out)?,
        Format::Transitions => report::write_transitions(&transitions, &rules, &mut out)?,
        Format::Html => {
            let scored = (&alerts[..], score.as_ref());
            let page = html::of(&history, &rules, scored, (&scope, &read), args.from)?;
            out.write_all(page.as_bytes())?;
        }
        Format::Table => {
            let rows: Vec<Row> = alerts.iter().map(Row::from).collect();
            out.write_all(report::table(&rows)?.as_bytes())?;
        }
    }
    match (score, args.format) {
        (Some(score), Format::Table) => {
            write!(out, "\n{}{}", score.summary()?, score.details()?)?;
        }
        (Some(score), Format::Json) => {
            serde_json::to_writer(&mut out, &json!({ "score": ScoreBody::from(&score) }))?;
            writeln!(out)?;
        }
        _ => {}
    }
    Ok(out.flush()?)
}

fn compare_with(args: &Args, rules: RuleSet, against: &Path) -> Result<(), CommandError> {
    let rule_sets = vec![rules, RuleSet::load_for_replay(against)?];
    let history = history(args)?;
    let Replay { results, scope, read } = evaluate(&history, rule_sets, false)?;
    eprintln!("{read}: A is {}, B is {}", args.rules.display(), against.display());
    let comparison = report::compare(&results, args.from);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Json => write_lines(&comparison.lines(), &mut out)?,
        Format::Html => {
            let names = (args.rules.display().to_string(), against.display().to_string());
            let span = scope.span(history.width(), args.from);
            let page = html::comparison(&comparison, (&names.0, &names.1), &read.to_string(), span);
            out.write_all(page.as_bytes())?;
        }
        _ => out.write_all(comparison.table()?.as_bytes())?,
    }
    Ok(out.flush()?)
}

fn sweep_over(args: &Args, rules: &RuleSet) -> Result<(), CommandError> {
    let sweep = Sweep::new(&sweep::read(&args.sweep)?, rules)?;
    let history = history(args)?;
    let replayed = evaluate(&history, sweep.rule_sets(rules), false)?;
    eprintln!("{}, {}", replayed.read, counted(replayed.results.len(), "variant"));
    let lines = sweep.lines(rules, &replayed, history.width(), args.from);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match args.format {
        Format::Json => write_lines(&lines, &mut out)?,
        _ => out.write_all(table(&lines)?.as_bytes())?,
    }
    Ok(out.flush()?)
}

/// Writes one JSON object a line.
fn write_lines<L: Serialize>(lines: &[L], out: &mut dyn Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{}", serde_json::to_string(line)?))
}

fn read_incidents(path: &Path) -> Result<Vec<Incident>, CommandError> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let json = std::fs::read(path).map_err(|error| named(&error))?;
    Ok(Incident::read_list(&json).map_err(|error| named(&error))?)
}

/// What is replayed.
fn history(args: &Args) -> Result<History, CommandError> {
    let history = match (&args.input, &args.data_dir) {
        (Some(input), _) => {
            let width = args.slot.as_deref().map(parse_slot).transpose()?;
            History::recording(input.clone(), width.unwrap_or(SlotWidth::DEFAULT))
        }
        (None, Some(data_dir)) => {
            let store = open_existing(data_dir)?;
            if store.has_damage() {
                eprintln!(
                    "some blocks of {} are damaged and left out; `plimsoll inspect` names them",
                    data_dir.display()
                );
            }
            History::stored(Arc::new(store))
        }
        (None, None) => return Err("give --input FILE or --data-dir DIR".into()),
    };
    let partners = partner_conditions(args.partner.iter().map(String::as_str));
    Ok(history.narrowed(partners.map_err(|error| format!("--partner {error}"))?, args.to))
}

/// Replays with a progress bar, and prints broken lines.
fn evaluate(
    history: &History,
    rule_sets: Vec<RuleSet>,
    with_transitions: bool,
) -> Result<Replay, CommandError> {
    let progress = history.progress()?;
    let options = ReplayOptions { threads: cores(), with_transitions };
    let replayed = replay(history, rule_sets, options, &|position, count| {
        progress.update(position, count);
        true
    });
    progress.finish();
    let broken = match &replayed {
        Ok(Replay { read: ReadSummary::Lines(summary), .. }) => summary.first_broken.as_slice(),
        Err(HistoryError::NothingUsable { reading, .. }) => reading.first_broken.as_slice(),
        _ => &[],
    };
    for line in broken {
        eprintln!("{}{line}", history.name());
    }
    let replayed = replayed?;
    for name in history.unknown_partners(&replayed.scope.partners) {
        eprintln!("nothing is of the partner `{name}`");
    }
    Ok(replayed)
}

#[cfg(test)]
mod tests;
