//! `--sweep rule=NAME threshold=1%,2%,5% for=2m,5m`: a rule at every threshold and `for`.

use std::{fmt::Write as _, io::Write as _};

use plimsoll_alerting::{Rule, RuleSet, SignalKind};
use plimsoll_storage::Slot;
use serde_json::json;

use super::{Args, CommandError, Format, history, judged};
use crate::backtest::limits::VARIANTS_MAX;
use crate::backtest::report::span;
use crate::backtest::variant::{Outcome, Variant, knee, shown};
use crate::wire::time;

/// What is swept.
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
    let (found, seen, told) = judged(&history, rule_sets.collect(), false)?;
    let end = history.width().end(seen.slots.map_or(Slot(0), |(_, last)| last));
    let outcomes = variants.iter().zip(&found);
    let outcomes: Vec<Outcome> = outcomes
        .map(|(variant, found)| variant.outcome(&found.alerts, &grid.rule, args.from, end))
        .collect();
    eprintln!("{told}, {} variants of rule `{}`", variants.len(), grid.rule);
    let signal = rules.rule(&grid.rule).map_or(SignalKind::Ratio, |rule| rule.signal.kind());
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => write_json(&outcomes, &grid, signal, &mut out)?,
        _ => out.write_all(table(&outcomes, &grid, signal)?.as_bytes())?,
    }
    Ok(())
}

/// Reads the words behind `--sweep`.
fn read(words: &[String], rules: &RuleSet) -> Result<Grid, CommandError> {
    let value = |name: &str| {
        words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let known = ["rule", "threshold", "for"];
    let is_known = |word: &&String| word.split_once('=').is_some_and(|it| known.contains(&it.0));
    if let Some(other) = words.iter().find(|word| !is_known(word)) {
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
            format!("--sweep has {count} variants; 1 to {VARIANTS_MAX} can be judged").into()
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
        .ok_or_else(|| format!("for of --sweep: `{text}` is no duration such as 2m"))
}

/// The knee of each `for`, as a position among all.
fn knees(outcomes: &[Outcome], grid: &Grid) -> Vec<usize> {
    let width = grid.thresholds.len().max(1);
    let rows = outcomes.chunks(width).enumerate();
    rows.filter_map(|(row, outcomes)| Some(row * width + knee(outcomes)?)).collect()
}

fn table(outcomes: &[Outcome], grid: &Grid, signal: SignalKind) -> Result<String, std::fmt::Error> {
    let knees = knees(outcomes, grid);
    let mut text = String::new();
    let heads = ["threshold", "for", "pages", "flaps", "firing"];
    let [threshold, hold, pages, flaps, firing] = heads;
    writeln!(text, "{threshold:>14}  {hold:>6}  {pages:>6}  {flaps:>6}  {firing:>8}")?;
    for (position, outcome) in outcomes.iter().enumerate() {
        let Outcome { variant, pages, flaps, firing_ms } = outcome;
        let mark = if knees.contains(&position) { "  <- knee" } else { "" };
        writeln!(
            text,
            "{:>14}  {:>6}  {pages:>6}  {flaps:>6}  {:>8}{mark}",
            shown(signal, variant.threshold),
            span(variant.for_ms),
            span(*firing_ms),
        )?;
    }
    Ok(text)
}

fn write_json(
    outcomes: &[Outcome],
    grid: &Grid,
    signal: SignalKind,
    out: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    let knees = knees(outcomes, grid);
    for (position, outcome) in outcomes.iter().enumerate() {
        let line = json!({
            "rule": grid.rule,
            "threshold": shown(signal, outcome.variant.threshold),
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
