//! `plimsoll suggest`: thresholds for a signal of a partner, from history.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_alerting::{Rule, RuleSet, Signal};
use plimsoll_storage::{SlotWidth, TimestampMs};

use super::backup::open_existing;
use super::{CommandError, Format, parse_time};
use crate::backtest::variants::suggest::{
    SuggestRequest, SuggestedLevel, Suggestion, levels_of, suggest, widen,
};
use crate::backtest::{History, HistoryError, Replay, ReplayOptions, cores, posted, replay};
use crate::config::parse_slot;

/// The rule that gets a threshold.
const RULE: &str = "suggested";

const SIGNAL_HELP: &str =
    "What is measured, as the `signal` of a rule: '{ ratio: { of: [5xx], stream: requests } }'";

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["input", "data_dir"])))]
pub(super) struct Args {
    // The help is no documentation comment: rustdoc would take the example for a link.
    #[arg(long, value_name = "SIGNAL", help = SIGNAL_HELP)]
    signal: String,
    /// The partner to watch
    #[arg(long, value_name = "NAME")]
    partner: String,
    /// How many notifications a week are acceptable
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pages_per_week: f64,
    /// Window of the rule
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    window: String,
    /// How long the condition must hold
    #[arg(long = "for", value_name = "DURATION", default_value = "5m")]
    hold: String,
    /// Data directory that no server uses
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Recording of pushes, as for `plimsoll backtest`
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Count notifications from this time on
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<TimestampMs>,
    /// Stop at this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to: Option<TimestampMs>,
    /// Width of a slot for a recording [default: 10s]
    #[arg(long, value_name = "DURATION", requires = "input")]
    slot: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if !(args.pages_per_week > 0.0 && args.pages_per_week.is_finite()) {
        return Err("--pages-per-week must be more than 0".into());
    }
    let rules = rules(args)?;
    let history = history(args)?;
    let signal = rules.rule(RULE).map(|rule| rule.signal.clone()).ok_or("there is no rule")?;
    let readings = match &signal {
        Signal::Gauge { name, .. } => readings(&history, name)?,
        _ => None,
    };
    let levels = levels_of(signal.kind(), readings)
        .ok_or("the gauge always has the same reading, so there is nothing to suggest")?;
    let request = SuggestRequest {
        rules: &rules,
        rule: RULE,
        pages_per_week: args.pages_per_week,
        levels,
        from: args.from,
        width: history.width(),
    };
    let options = ReplayOptions { threads: cores(), with_transitions: false };
    let mut replay_all = |rule_sets| -> Result<_, HistoryError> {
        let progress = history.progress()?;
        let replayed = replay(&history, rule_sets, options, &|position, count| {
            progress.update(position, count);
            true
        });
        progress.finish();
        replayed.map(|Replay { results, scope, .. }| (results, scope))
    };
    let suggestion = suggest(&request, &mut replay_all)?;
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&suggestion)?)?,
        Format::Table => print(&suggestion, args, rules.rule(RULE), &mut out)?,
    }
    Ok(())
}

/// A rules file with one rule whose threshold is to be found.
fn rules(args: &Args) -> Result<RuleSet, CommandError> {
    let Args { signal, partner, window, hold, .. } = args;
    let partner = serde_json::to_string(partner)?;
    let of_threshold = |threshold: &str| {
        let text = format!(
            "{{ receivers: [{{ name: nobody }}], rules: [{{ name: {RULE}, owner: nobody, runbook: 'https://runbooks.invalid/', signal: {signal}, match: {{ partner: {partner} }}, by: [partner], window: {window}, for: {hold}, critical: '{threshold}', notify: [nobody] }}] }}"
        );
        posted::read(&text)
    };
    // The signal decides which notation of a threshold is valid: use the first that is.
    let mut first = None;
    for threshold in ["> 5%", "> 1000ms", "< 30% of usual", "> 1"] {
        match of_threshold(threshold) {
            Ok(rules) => return Ok(rules),
            Err(error) if error.contains("threshold") || error.contains("critical") => {}
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    Err(first.unwrap_or_else(|| format!("`{signal}` is not a signal of a rule")).into())
}

fn history(args: &Args) -> Result<History, CommandError> {
    let history = match (&args.input, &args.data_dir) {
        (Some(input), _) => {
            let width = args.slot.as_deref().map(parse_slot).transpose()?;
            History::recording(input.clone(), width.unwrap_or(SlotWidth::DEFAULT))
        }
        (None, Some(data_dir)) => History::stored(Arc::new(open_existing(data_dir)?)),
        (None, None) => return Err("give --input FILE or --data-dir DIR".into()),
    };
    Ok(history.narrowed(BTreeSet::from([args.partner.clone()]), args.to))
}

/// The lowest and the highest reading of a gauge.
fn readings(history: &History, name: &str) -> Result<Option<(f64, f64)>, CommandError> {
    let mut is_wanted = Vec::new();
    let mut range = None;
    history.read(&mut |chunk| {
        is_wanted.extend(chunk.new_streams.iter().map(|key| key.as_ref().name == name));
        for arrival in &chunk.arrivals {
            if is_wanted.get(arrival.stream as usize) == Some(&true) {
                widen(&mut range, &arrival.value);
            }
        }
        true
    })?;
    Ok(range)
}

fn print(
    suggestion: &Suggestion,
    args: &Args,
    rule: Option<&Rule>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let sign = if rule.is_some_and(Rule::fires_below) { '<' } else { '>' };
    let Suggestion { asked_pages_per_week, weeks, suggested, levels, caution } = suggestion;
    writeln!(out, "{:>16}  {:>8}  {:>8}  {:>6}", "threshold", "notified", "a week", "flaps")?;
    for level in levels {
        let SuggestedLevel { threshold, pages, pages_per_week, flaps, .. } = level;
        let mark = if suggested.as_ref() == Some(level) { "  <- suggested" } else { "" };
        let threshold = format!("{sign} {threshold}");
        writeln!(out, "{threshold:>16}  {pages:>8}  {pages_per_week:>8.2}  {flaps:>6}{mark}")?;
    }
    match suggested {
        Some(level) => writeln!(
            out,
            "\ncritical: \"{sign} {}\"    # {:.2} notifications a week about {} over {weeks:.1} weeks; requested {asked_pages_per_week}",
            level.threshold, level.pages_per_week, args.partner
        )?,
        None => writeln!(
            out,
            "\nno threshold keeps within {asked_pages_per_week} notifications a week"
        )?,
    }
    if let Some(caution) = caution {
        writeln!(out, "caution: {caution}")?;
    }
    Ok(())
}
