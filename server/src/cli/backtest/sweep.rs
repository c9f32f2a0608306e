//! `--sweep rule=NAME threshold=1%,2%,5% for=2m,5m`: a rule at every threshold and `for`.

use std::fmt::Write as _;
use std::io::Write as _;

use plimsoll_alerting::{Rule, RuleSet, SignalKind};
use plimsoll_storage::Slot;
use serde_json::json;

use super::{Args, Format, evaluate, history};
use crate::backtest::limits::VARIANTS_MAX;
use crate::backtest::variants::{Variant, VariantOutcome, knee};
use crate::backtest::{Replay, level_text, span};
use crate::cli::CommandError;
use crate::wire::time;

/// The rule and the values to evaluate.
#[derive(Debug, PartialEq)]
struct Grid {
    rule: String,
    /// From loud to quiet.
    thresholds: Vec<f64>,
    for_ms: Vec<i64>,
}

pub(super) fn run(args: &Args, rules: &RuleSet) -> Result<(), CommandError> {
    let grid = read(&args.sweep, rules)?;
    let variants: Vec<Variant> = grid
        .for_ms
        .iter()
        .flat_map(|&for_ms| {
            grid.thresholds.iter().map(move |&threshold| Variant { threshold, for_ms })
        })
        .collect();
    let history = history(args)?;
    let rule_sets = variants.iter().filter_map(|variant| variant.of(rules, &grid.rule));
    let Replay { results, scope, read } = evaluate(&history, rule_sets.collect(), false)?;
    let end = history.width().end(scope.slots.map_or(Slot(0), |(_, last)| last));
    let outcomes = variants.iter().zip(&results);
    let outcomes: Vec<VariantOutcome> = outcomes
        .map(|(variant, result)| variant.outcome(&result.alerts, &grid.rule, args.from, end))
        .collect();
    eprintln!("{read}, {} variants of rule `{}`", variants.len(), grid.rule);
    let signal = rules.rule(&grid.rule).map_or(SignalKind::Ratio, |rule| rule.signal.kind());
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => write_json(&outcomes, &grid, signal, &mut out)?,
        _ => out.write_all(table(&outcomes, &grid, signal)?.as_bytes())?,
    }
    Ok(())
}

/// Reads the values of `--sweep`.
fn read(arguments: &[String], rules: &RuleSet) -> Result<Grid, CommandError> {
    let value = |name: &str| {
        arguments
            .iter()
            .find_map(|argument| argument.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
    };
    let known = ["rule", "threshold", "for"];
    let is_known =
        |argument: &&String| argument.split_once('=').is_some_and(|it| known.contains(&it.0));
    if let Some(other) = arguments.iter().find(|word| !is_known(word)) {
        return Err(format!("--sweep takes rule=, threshold= and for=, not `{other}`").into());
    }
    let name = value("rule").ok_or("--sweep needs rule=NAME")?;
    let rule =
        rules.rule(&name).ok_or_else(|| format!("the rules file has no rule `{name}` to sweep"))?;
    let mut thresholds = match value("threshold") {
        Some(list) => list
            .split(',')
            .map(|one| rule.read_threshold(one))
            .collect::<Result<Vec<f64>, _>>()
            .map_err(|error| format!("threshold of --sweep: {error}"))?,
        None => rule.critical.or(rule.warning).into_iter().collect(),
    };
    from_loud_to_quiet(&mut thresholds, rule);
    let for_ms = match value("for") {
        Some(list) => list.split(',').map(duration_ms).collect::<Result<Vec<i64>, _>>()?,
        None => vec![rule.for_ms],
    };
    let count = thresholds.len() * for_ms.len();
    if count == 0 || count > VARIANTS_MAX {
        return Err(
            format!("--sweep has {count} variants; 1 to {VARIANTS_MAX} can be evaluated").into()
        );
    }
    Ok(Grid { rule: name, thresholds, for_ms })
}

fn from_loud_to_quiet(thresholds: &mut [f64], rule: &Rule) {
    thresholds.sort_by(f64::total_cmp);
    if rule.fires_below() {
        thresholds.reverse();
    }
}

fn duration_ms(text: &str) -> Result<i64, String> {
    let zero = ["0", "0s", "0m"].contains(&text).then_some(0);
    zero.or_else(|| time::parse_duration_ms(text))
        .ok_or_else(|| format!("for of --sweep: `{text}` is not a duration such as 2m"))
}

/// The knee of each `for`, as a position among all.
fn knees(outcomes: &[VariantOutcome], grid: &Grid) -> Vec<usize> {
    let width = grid.thresholds.len().max(1);
    let rows = outcomes.chunks(width).enumerate();
    rows.filter_map(|(row, outcomes)| Some(row * width + knee(outcomes)?)).collect()
}

fn table(
    outcomes: &[VariantOutcome],
    grid: &Grid,
    signal: SignalKind,
) -> Result<String, std::fmt::Error> {
    let knees = knees(outcomes, grid);
    let mut text = String::new();
    let heads = ["threshold", "for", "notified", "flaps", "firing"];
    let [threshold, hold, notified, flaps, firing] = heads;
    writeln!(text, "{threshold:>14}  {hold:>6}  {notified:>8}  {flaps:>6}  {firing:>8}")?;
    for (position, outcome) in outcomes.iter().enumerate() {
        let VariantOutcome { variant, pages, flaps, firing_ms } = outcome;
        let mark = if knees.contains(&position) { "  <- knee" } else { "" };
        writeln!(
            text,
            "{:>14}  {:>6}  {pages:>8}  {flaps:>6}  {:>8}{mark}",
            level_text(signal, variant.threshold),
            span(variant.for_ms),
            span(*firing_ms),
        )?;
    }
    Ok(text)
}

fn write_json(
    outcomes: &[VariantOutcome],
    grid: &Grid,
    signal: SignalKind,
    out: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    let knees = knees(outcomes, grid);
    for (position, outcome) in outcomes.iter().enumerate() {
        let line = json!({
            "rule": grid.rule,
            "threshold": level_text(signal, outcome.variant.threshold),
            "for_s": outcome.variant.for_ms as f64 / 1e3,
            "pages": outcome.pages,
            "flaps": outcome.flaps,
            "firing_s": outcome.firing_ms as f64 / 1e3,
            "knee": knees.contains(&position),
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
