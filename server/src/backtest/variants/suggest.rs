//! Suggests a threshold for a given number of notifications a week, by replaying history at many levels.
//!
//! A coarse grid over all useful levels finds where the notifications exceed the number, starting at the
//! quiet end. A fine grid there finds the loudest level that does not exceed it. The engine evaluates every
//! level with windows, evidence and `for`, so the numbers are those of live running.

use plimsoll_alerting::{Rule, RuleSet, Signal, SignalKind};
use plimsoll_storage::{Slot, SlotValue, SlotWidth, TimestampMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::variant::{Variant, VariantOutcome};
use crate::backtest::{History, HistoryError, ReadSummary, Replay, level_text};

/// Levels of the coarse grid and of the fine one.
const COARSE: usize = 32;
const FINE: usize = 24;
/// Rows of the answer.
const SHOWN_MAX: usize = 9;
/// Fewer notifications than this over the whole history prove too little.
const PAGES_MIN: f64 = 4.0;
/// A shorter history does not contain each weekday.
const WEEKS_MIN: f64 = 1.0;
const WEEK_MS: f64 = 7.0 * 86_400e3;

/// Replays some rule sets over the history.
pub(crate) type ReplayAll<'j> = dyn FnMut(Vec<RuleSet>) -> Result<Replay, HistoryError> + 'j;

/// The rule to find a threshold for, and the number of notifications.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestRequest {
    /// The name of the rule.
    pub(crate) rule: String,
    /// More than 0.
    pub(crate) pages_per_week: f64,
}

impl SuggestRequest {
    /// The rule that gets a threshold.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub(crate) fn check<'r>(&self, rules: &'r RuleSet) -> Result<&'r Rule, String> {
        if !(self.pages_per_week > 0.0 && self.pages_per_week.is_finite()) {
            return Err("the notifications a week must be more than 0".to_owned());
        }
        rules.rule(&self.rule).ok_or_else(|| format!("there is no rule `{}`", self.rule))
    }
}

/// What a suggestion is made from.
struct Basis<'r> {
    rules: &'r RuleSet,
    rule: &'r Rule,
    pages_per_week: f64,
    /// Alerts before this do not count; the time before it is for learning.
    from: Option<TimestampMs>,
    width: SlotWidth,
}

/// What a level would have found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SuggestedLevel {
    /// As a rules file writes it.
    pub(crate) threshold: String,
    /// In the unit of the signal.
    pub(crate) level: f64,
    pub(crate) pages: usize,
    pub(crate) pages_per_week: f64,
    pub(crate) flaps: usize,
    pub(crate) firing_s: f64,
}

/// A suggestion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Suggestion {
    pub(crate) asked_pages_per_week: f64,
    /// How much history there was.
    pub(crate) weeks: f64,
    /// The loudest level within the number; `None` if every level notifies more often.
    pub(crate) suggested: Option<SuggestedLevel>,
    /// Levels around it, from loud to quiet.
    pub(crate) levels: Vec<SuggestedLevel>,
    /// Why the suggestion may be unreliable.
    pub(crate) caution: Option<String>,
}

/// The useful levels of a signal; those of a gauge depend on its readings.
fn levels_of(signal: SignalKind, readings: Option<(f64, f64)>) -> Option<(f64, f64)> {
    Some(match signal {
        SignalKind::Ratio => (0.001, 0.95),
        SignalKind::Drop => (0.02, 0.95),
        SignalKind::Latency => (0.005, 120.0),
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => (60.0, 6.0 * 86_400.0),
        SignalKind::Burn => (0.5, 1_000.0),
        SignalKind::Gauge => return readings.filter(|(low, high)| low < high),
    })
}

/// The lowest and the highest reading of a gauge.
fn readings(history: &History, name: &str) -> Result<Option<(f64, f64)>, HistoryError> {
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

/// Widens a range of gauge readings by a cell.
fn widen(range: &mut Option<(f64, f64)>, value: &SlotValue) {
    if let SlotValue::Gauge(cell) = value {
        let (low, high) = range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
        *range = Some((low.min(cell.min), high.max(cell.max)));
    }
}

/// `count` levels from `low` to `high`, evenly spaced by factor, or by difference if `low` is not positive.
fn grid((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let part = |step: usize| step as f64 / (count.max(2) - 1) as f64;
    let level = |step| match low > 0.0 {
        true => low * (high / low).powf(part(step)),
        false => low + (high - low) * part(step),
    };
    (0..count).map(level).collect()
}

/// Finds the level. Returns what was read for it as well.
///
/// # Errors
/// The request cannot be answered, or the history cannot be read.
pub(crate) fn suggest(
    request: &SuggestRequest,
    rules: &RuleSet,
    history: &History,
    from: Option<TimestampMs>,
    replay: &mut ReplayAll<'_>,
) -> Result<(Suggestion, ReadSummary), String> {
    let rule = request.check(rules)?;
    let readings = match &rule.signal {
        Signal::Gauge { name, .. } => readings(history, name).map_err(|it| it.to_string())?,
        _ => None,
    };
    let levels = levels_of(rule.signal.kind(), readings)
        .ok_or("the gauge always has the same reading, so there is nothing to suggest")?;
    let (pages_per_week, width) = (request.pages_per_week, history.width());
    let basis = Basis { rules, rule, pages_per_week, from, width };
    find(&basis, levels, replay).map_err(|error| error.to_string())
}

fn find(
    basis: &Basis<'_>,
    levels: (f64, f64),
    replay: &mut ReplayAll<'_>,
) -> Result<(Suggestion, ReadSummary), HistoryError> {
    let (coarse, weeks, read) = outcomes(basis, levels, COARSE, replay)?;
    let allowed = basis.pages_per_week * weeks;
    let fits = |outcome: &&VariantOutcome| outcome.pages as f64 <= allowed;
    let quiet = coarse.iter().rev().take_while(fits).count();
    let first_fitting = coarse.len() - quiet;
    // Levels that all find nothing say nothing about which is right.
    let is_silent = coarse.iter().all(|outcome| outcome.pages == 0);
    let mut found = coarse.get(first_fitting).copied().filter(|_| !is_silent);
    let mut around = coarse.clone();
    if let (Some(fitting), Some(louder)) =
        (found, first_fitting.checked_sub(1).and_then(|before| coarse.get(before)))
    {
        let between = (louder.variant.threshold, fitting.variant.threshold);
        let (fine, ..) = outcomes(basis, between, FINE, replay)?;
        let quiet = fine.iter().rev().take_while(fits).count();
        found = fine.get(fine.len() - quiet).copied().or(found);
        around.extend(found);
    }
    Ok((answer(basis, weeks, found, around), read))
}

/// What levels from loud to quiet would have found, over how many weeks, and what was read.
fn outcomes(
    basis: &Basis<'_>,
    between: (f64, f64),
    count: usize,
    replay: &mut ReplayAll<'_>,
) -> Result<(Vec<VariantOutcome>, f64, ReadSummary), HistoryError> {
    let Basis { rules, rule, from, width, .. } = *basis;
    let (low, high) = (between.0.min(between.1), between.0.max(between.1));
    let mut levels = grid((low, high), count);
    if rule.fires_below() {
        levels.reverse();
    }
    let for_ms = rule.for_ms;
    let variants: Vec<Variant> =
        levels.into_iter().map(|threshold| Variant { threshold, for_ms }).collect();
    let rule_sets = variants.iter().filter_map(|it| it.of(rules, &rule.name));
    let Replay { results, scope, read } = replay(rule_sets.collect())?;
    let (first, last) = scope.slots.unwrap_or((Slot(0), Slot(0)));
    let end = width.end(last);
    let begin = from.unwrap_or_else(|| width.start(first));
    let weeks = end.since_ms(begin).max(0) as f64 / WEEK_MS;
    let outcomes = variants
        .iter()
        .zip(results)
        .map(|(variant, found)| variant.outcome(&found.alerts, &rule.name, from, end));
    Ok((outcomes.collect(), weeks, read))
}

fn answer(
    basis: &Basis<'_>,
    weeks: f64,
    found: Option<VariantOutcome>,
    mut around: Vec<VariantOutcome>,
) -> Suggestion {
    let (signal, fires_below) = (basis.rule.signal.kind(), basis.rule.fires_below());
    let level = |outcome: &VariantOutcome| SuggestedLevel {
        threshold: level_text(signal, outcome.variant.threshold),
        level: outcome.variant.threshold,
        pages: outcome.pages,
        pages_per_week: outcome.pages as f64 / weeks.max(f64::MIN_POSITIVE),
        flaps: outcome.flaps,
        firing_s: outcome.firing_ms as f64 / 1e3,
    };
    around.sort_by(|a, b| {
        let order = a.variant.threshold.total_cmp(&b.variant.threshold);
        if fires_below { order.reverse() } else { order }
    });
    let middle = found.and_then(|found| around.iter().position(|it| it.variant == found.variant));
    let first = middle.unwrap_or(around.len()).saturating_sub(SHOWN_MAX / 2);
    Suggestion {
        asked_pages_per_week: basis.pages_per_week,
        weeks,
        suggested: found.as_ref().map(level),
        levels: around.iter().skip(first).take(SHOWN_MAX).map(level).collect(),
        caution: caution(basis.pages_per_week, weeks, found.as_ref(), &around),
    }
}

fn caution(
    pages_per_week: f64,
    weeks: f64,
    found: Option<&VariantOutcome>,
    around: &[VariantOutcome],
) -> Option<String> {
    if around.iter().all(|outcome| outcome.pages == 0) {
        let reason =
            "no level would have fired, so none is suggested; is there data of that signal?";
        return Some(reason.to_owned());
    }
    if weeks < WEEKS_MIN {
        let days = weeks * 7.0;
        return Some(format!("there are only {days:.1} days of data; at least a week is needed"));
    }
    let expected = pages_per_week * weeks;
    if expected < PAGES_MIN {
        let needed = (PAGES_MIN / pages_per_week).ceil();
        return Some(format!(
            "{pages_per_week} a week over {weeks:.1} weeks is only {expected:.1} notifications; {needed} weeks of data would be more reliable"
        ));
    }
    found.is_none().then(|| "every level notifies more often than requested".to_owned())
}

#[cfg(test)]
mod tests;
