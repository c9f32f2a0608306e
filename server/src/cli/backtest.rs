//! `plimsoll backtest`: what rules would have said about what really happened.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    ops::Range,
    path::{Path, PathBuf},
    time::Instant,
};

use indicatif::{HumanBytes, HumanCount};
use plimsoll_alerting::{ReplayedAlert, RuleSet};
use plimsoll_storage::{Slot, SlotWidth, Store, TimestampMs};

use super::{Failure, backup::open_existing, parse_time};
use crate::{
    backtest::{
        recording::{self, Reading, Selection},
        replay, report, stored,
    },
    config::parse_slot,
    import::{Input, Progress},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON object a line and an alert.
    Json,
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["input", "data_dir"])))]
pub(super) struct Args {
    /// The rules file; one without `rules` means the default pack
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Recording of pushes: NDJSON in the order of arrival, plain, gzip or zstd; - for standard input
    ///
    /// A line may carry `received_at` (the replay's clock; default: the end of the item) and `batch`
    /// (its idempotency key).
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Data directory that no server has open
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Report alerts that fired at or after this time; what came before is still learned from
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<TimestampMs>,
    /// Stop at this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to: Option<TimestampMs>,
    /// Only this partner; may be repeated
    #[arg(long, value_name = "NAME")]
    partner: Vec<String>,
    /// Width of a slot for a recording [default: 10s]
    #[arg(long, value_name = "DURATION", requires = "input")]
    slot: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let rules = RuleSet::load(&args.rules, &|name| std::env::var(name).ok())?;
    let start = Instant::now();
    let (mut alerts, summary) = match (&args.input, &args.data_dir) {
        (Some(input), _) => over_recording(args, rules, input)?,
        (None, Some(data_dir)) => over_stored(args, rules, data_dir)?,
        (None, None) => return Err("give --input FILE or --data-dir DIR".into()),
    };
    if let Some(from) = args.from {
        alerts.retain(|alert| alert.fired_at >= from);
    }
    eprintln!("{summary} in {:.1} s: {} alerts", start.elapsed().as_secs_f64(), alerts.len());
    match args.format {
        Format::Json => report::write_json(&alerts, &mut io::BufWriter::new(io::stdout().lock()))?,
        Format::Table => io::stdout().lock().write_all(report::table(&alerts)?.as_bytes())?,
    }
    Ok(())
}

type Found = (Vec<ReplayedAlert>, String);

fn over_recording(args: &Args, rules: RuleSet, path: &Path) -> Result<Found, Failure> {
    let width = args.slot.clone().map(parse_slot).transpose()?.unwrap_or(SlotWidth::DEFAULT);
    let selection = Selection { width, partners: partners(args), to: args.to };
    let input =
        Input::open(path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    let progress = Progress::new(input.size_bytes());
    let (alerts, reading) =
        replay(rules, width, &progress, |take| recording::read(input, &selection, take))?;
    for line in &reading.first_broken {
        eprintln!("{}: {line}", path.display());
    }
    if reading.broken > 0 && reading.broken == reading.lines {
        return Err(format!("no line of {} could be used", path.display()).into());
    }
    Ok((alerts, summary_of(&reading)))
}

fn summary_of(reading: &Reading) -> String {
    let Reading { lines, replayed, repeated, broken, bytes, .. } = reading;
    let mut text = format!(
        "{} of {} lines replayed ({} of NDJSON",
        HumanCount(*replayed),
        HumanCount(*lines),
        HumanBytes(*bytes)
    );
    if *repeated > 0 {
        text += &format!(", {} of batches that had come before", HumanCount(*repeated));
    }
    if *broken > 0 {
        text += &format!(", {} broken", HumanCount(*broken));
    }
    text + ")"
}

fn over_stored(args: &Args, rules: RuleSet, data_dir: &Path) -> Result<Found, Failure> {
    let store = open_existing(data_dir)?;
    let width = store.slot_width();
    let slots = stored_slots(&store, args.to)?;
    let progress = Progress::of_slots(u64::from(slots.end.0 - slots.start.0));
    let (alerts, cells) =
        replay(rules, width, &progress, |take| stored::read(&store, &partners(args), slots, take))?;
    if store.has_damage() {
        eprintln!(
            "some blocks of {} are damaged and left out; `plimsoll inspect` names them",
            data_dir.display()
        );
    }
    Ok((alerts, format!("{} cells replayed", HumanCount(cells))))
}

/// Everything from the oldest slot that is kept to the newest, or to the time asked for.
fn stored_slots(store: &Store, to: Option<TimestampMs>) -> Result<Range<Slot>, Failure> {
    let Some(kept) = store.kept_slots()? else { return Ok(Slot(0)..Slot(0)) };
    let end = to.map_or(kept.end, |to| store.slot_width().slot_from(to).min(kept.end));
    Ok(kept.start..end.max(kept.start))
}

fn partners(args: &Args) -> BTreeSet<String> {
    args.partner.iter().cloned().collect()
}
