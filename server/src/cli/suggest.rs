//! `plimsoll suggest`: thresholds for a signal of a partner, from history.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use plimsoll_alerting::{Rule, RuleSet, parse_time};
use plimsoll_storage::{SlotWidth, TimestampMs};
use serde_json::json;

use super::backup::open_existing;
use super::client::Client;
use super::{CommandError, Format, job};
use crate::backtest::variants::suggest::{SuggestRequest, SuggestedLevel, Suggestion, suggest};
use crate::backtest::{History, HistoryError, ReplayOptions, cores, partner_conditions, replay};
use crate::config::parse_slot;
use crate::wire::time;

/// The rule that gets a threshold.
const RULE: &str = "suggested";

const SIGNAL_HELP: &str =
    "What is measured, as the `signal` of a rule: '{ ratio: { of: [5xx], stream: requests } }'";

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["input", "data_dir", "url"])))]
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
    /// Running server that evaluates what it has stored
    #[arg(long, value_name = "URL")]
    url: Option<String>,
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
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["data_dir", "url"])]
    slot: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let (text, rules) = rules(args)?;
    let request = SuggestRequest { rule: RULE.to_owned(), pages_per_week: args.pages_per_week };
    let rule = request.check(&rules)?;
    // As the server wrote it, so that the same bytes are printed.
    let json = match &args.url {
        Some(url) => remote(args, url, &text, &request)?,
        None => serde_json::to_string(&local(args, &request, &rules)?)?,
    };
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{json}")?,
        Format::Table => print(&serde_json::from_str(&json)?, args, rule, &mut out)?,
    }
    Ok(())
}

fn local(
    args: &Args,
    request: &SuggestRequest,
    rules: &RuleSet,
) -> Result<Suggestion, CommandError> {
    let history = history(args)?;
    let options = ReplayOptions { threads: cores(), with_transitions: false };
    let mut replay_all = |rule_sets| -> Result<_, HistoryError> {
        let progress = history.progress()?;
        let replayed = replay(&history, rule_sets, options, &|position, count| {
            progress.update(position, count);
            true
        });
        progress.finish();
        replayed
    };
    Ok(suggest(request, rules, &history, args.from, &mut replay_all)?.0)
}

fn remote(
    args: &Args,
    url: &str,
    rules: &str,
    request: &SuggestRequest,
) -> Result<String, CommandError> {
    let body = json!({
        "rules": rules,
        "suggest": request,
        "partners": [args.partner],
        "from": args.from.map(time::format),
        "to": args.to.map(time::format),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(job::evaluated(&Client::new(url)?, &body))?;
    let suggestion = result.suggestion.ok_or_else(|| format!("{url} answered no suggestion"))?;
    Ok(suggestion.get().to_owned())
}

/// A rules file with one rule whose threshold is to be found, and its rules.
fn rules(args: &Args) -> Result<(String, RuleSet), CommandError> {
    let Args { signal, partner, window, hold, .. } = args;
    let partner = serde_json::to_string(partner)?;
    let of_threshold = |threshold: &str| {
        let text = format!(
            "{{ receivers: [{{ name: nobody }}], rules: [{{ name: {RULE}, owner: nobody, runbook: 'https://runbooks.invalid/', signal: {signal}, match: {{ partner: {partner} }}, by: [partner], window: {window}, for: {hold}, critical: '{threshold}', notify: [nobody] }}] }}"
        );
        let rules = RuleSet::parse_for_replay(&text).map_err(|error| error.to_string())?;
        Ok::<_, String>((text, rules))
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
        (None, None) => return Err("give --input FILE, --data-dir DIR or --url URL".into()),
    };
    let partners = partner_conditions([args.partner.as_str()]);
    Ok(history.narrowed(partners.map_err(|error| format!("--partner {error}"))?, args.to))
}

fn print(
    suggestion: &Suggestion,
    args: &Args,
    rule: &Rule,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let sign = if rule.fires_below() { '<' } else { '>' };
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
        None if levels.iter().all(|level| level.pages == 0) => {
            writeln!(out, "\nnothing is suggested")?;
        }
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
