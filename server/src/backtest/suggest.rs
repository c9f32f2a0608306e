//! Thresholds that give an asked number of pages a week, found by judging history at many levels.
//!
//! A coarse grid over all levels that make sense finds where pages cross the asked number, coming from
//! the quiet end; a fine one between its neighbours finds the loudest level that stays within. Every
//! level is judged by the engine, with windows, evidence and `for`, so what is expected is what would
//! have been told.

use plimsoll_alerting::{RuleSet, SignalKind};
use plimsoll_storage::{Slot, SlotValue, SlotWidth, TimestampMs};
use serde::Serialize;

use super::variant::{Outcome, Variant, shown};
use super::{Found, Seen};

/// Levels of the coarse grid and of the fine one.
const COARSE: usize = 32;
const FINE: usize = 24;
/// Rows of the answer.
const SHOWN_MAX: usize = 9;
/// Fewer pages than this over the whole history are too few to go by.
const PAGES_MIN: f64 = 4.0;
/// A shorter history does not even show each weekday once.
const WEEKS_MIN: f64 = 1.0;
const WEEK_MS: f64 = 7.0 * 86_400e3;

/// Judges some rule sets over the history.
pub(crate) type JudgeAll<'j, E> = dyn FnMut(Vec<RuleSet>) -> Result<(Vec<Found>, Seen), E> + 'j;

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Question<'r> {
    /// Rules of which one is to get a threshold.
    pub(crate) rules: &'r RuleSet,
    /// Its name.
    pub(crate) rule: &'r str,
    pub(crate) pages_per_week: f64,
    /// Lowest and highest level that make sense.
    pub(crate) levels: (f64, f64),
    /// What came before is for learning.
    pub(crate) from: Option<TimestampMs>,
    pub(crate) width: SlotWidth,
}

/// What a level would have told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Level {
    /// As a rules file has it.
    pub(crate) threshold: String,
    /// In the unit of the signal.
    pub(crate) level: f64,
    pub(crate) pages: usize,
    pub(crate) pages_per_week: f64,
    pub(crate) flaps: usize,
    pub(crate) firing_s: f64,
}

/// A suggestion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Suggestion {
    pub(crate) asked_pages_per_week: f64,
    /// How much history there was.
    pub(crate) weeks: f64,
    /// The loudest level within what was asked; nothing when every level tells more.
    pub(crate) suggested: Option<Level>,
    /// Levels around it, from loud to quiet.
    pub(crate) levels: Vec<Level>,
    /// Why not to rely on it.
    pub(crate) caution: Option<String>,
}

/// Levels that make sense for a signal; those of a gauge are told by its readings.
pub(crate) fn levels_of(signal: SignalKind, readings: Option<(f64, f64)>) -> Option<(f64, f64)> {
    Some(match signal {
        SignalKind::Ratio => (0.001, 0.95),
        SignalKind::Drop => (0.02, 0.95),
        SignalKind::Latency => (0.005, 120.0),
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => (60.0, 6.0 * 86_400.0),
        SignalKind::Burn => (0.5, 1_000.0),
        SignalKind::Gauge => return readings.filter(|(low, high)| low < high),
    })
}

/// The lowest and the highest reading of a gauge among some cells.
pub(crate) fn widen(range: &mut Option<(f64, f64)>, value: &SlotValue) {
    if let SlotValue::Gauge(cell) = value {
        let (low, high) = range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
        *range = Some((low.min(cell.min), high.max(cell.max)));
    }
}

/// `count` levels from one to another, evenly spaced by factor where that can be.
fn grid((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let part = |step: usize| step as f64 / (count.max(2) - 1) as f64;
    let level = |step| match low > 0.0 {
        true => low * (high / low).powf(part(step)),
        false => low + (high - low) * part(step),
    };
    (0..count).map(level).collect()
}

/// Finds the level.
///
/// # Errors
/// Those of judging.
pub(crate) fn suggest<E>(
    question: &Question<'_>,
    judge: &mut JudgeAll<'_, E>,
) -> Result<Suggestion, E> {
    let (coarse, weeks) = outcomes(question, question.levels, COARSE, judge)?;
    let allowed = question.pages_per_week * weeks;
    let fits = |outcome: &&Outcome| outcome.pages as f64 <= allowed;
    let quiet = coarse.iter().rev().take_while(fits).count();
    let first_fitting = coarse.len() - quiet;
    let mut found = coarse.get(first_fitting).copied();
    let mut around = coarse.clone();
    if let (Some(fitting), Some(louder)) =
        (found, first_fitting.checked_sub(1).and_then(|before| coarse.get(before)))
    {
        let between = (louder.variant.threshold, fitting.variant.threshold);
        let (fine, _) = outcomes(question, between, FINE, judge)?;
        let quiet = fine.iter().rev().take_while(fits).count();
        found = fine.get(fine.len() - quiet).copied().or(found);
        around.extend(found);
    }
    Ok(answer(question, weeks, found, around))
}

/// What levels from loud to quiet would have told, and over how many weeks.
fn outcomes<E>(
    question: &Question<'_>,
    between: (f64, f64),
    count: usize,
    judge: &mut JudgeAll<'_, E>,
) -> Result<(Vec<Outcome>, f64), E> {
    let Some(rule) = question.rules.rule(question.rule) else { return Ok((Vec::new(), 0.0)) };
    let (low, high) = (between.0.min(between.1), between.0.max(between.1));
    let mut levels = grid((low, high), count);
    if rule.fires_below() {
        levels.reverse();
    }
    let for_ms = rule.for_ms;
    let variants: Vec<Variant> =
        levels.into_iter().map(|threshold| Variant { threshold, for_ms }).collect();
    let rule_sets = variants.iter().filter_map(|it| it.of(question.rules, question.rule));
    let (found, seen) = judge(rule_sets.collect())?;
    let (first, last) = seen.slots.unwrap_or((Slot(0), Slot(0)));
    let end = question.width.end(last);
    let begin = question.from.unwrap_or_else(|| question.width.start(first));
    let weeks = end.since_ms(begin).max(0) as f64 / WEEK_MS;
    let outcomes = variants
        .iter()
        .zip(found)
        .map(|(variant, found)| variant.outcome(&found.alerts, question.rule, question.from, end));
    Ok((outcomes.collect(), weeks))
}

fn answer(
    question: &Question<'_>,
    weeks: f64,
    found: Option<Outcome>,
    mut around: Vec<Outcome>,
) -> Suggestion {
    let rule = question.rules.rule(question.rule);
    let signal = rule.map_or(SignalKind::Ratio, |rule| rule.signal.kind());
    let is_floor = rule.is_some_and(plimsoll_alerting::Rule::fires_below);
    let level = |outcome: &Outcome| Level {
        threshold: shown(signal, outcome.variant.threshold),
        level: outcome.variant.threshold,
        pages: outcome.pages,
        pages_per_week: outcome.pages as f64 / weeks.max(f64::MIN_POSITIVE),
        flaps: outcome.flaps,
        firing_s: outcome.firing_ms as f64 / 1e3,
    };
    around.sort_by(|a, b| {
        let order = a.variant.threshold.total_cmp(&b.variant.threshold);
        if is_floor { order.reverse() } else { order }
    });
    let middle = found.and_then(|found| around.iter().position(|it| it.variant == found.variant));
    let first = middle.unwrap_or(around.len()).saturating_sub(SHOWN_MAX / 2);
    Suggestion {
        asked_pages_per_week: question.pages_per_week,
        weeks,
        suggested: found.as_ref().map(level),
        levels: around.iter().skip(first).take(SHOWN_MAX).map(level).collect(),
        caution: caution(question.pages_per_week, weeks, found.as_ref(), &around),
    }
}

fn caution(
    pages_per_week: f64,
    weeks: f64,
    found: Option<&Outcome>,
    around: &[Outcome],
) -> Option<String> {
    if weeks < WEEKS_MIN {
        let days = weeks * 7.0;
        return Some(format!("there are only {days:.1} days of data; a week is the least"));
    }
    if around.iter().all(|outcome| outcome.pages == 0) {
        return Some("no level would have told anything; is there data of that signal?".to_owned());
    }
    let expected = pages_per_week * weeks;
    if expected < PAGES_MIN {
        let needed = (PAGES_MIN / pages_per_week).ceil();
        return Some(format!(
            "{pages_per_week} a week over {weeks:.1} weeks is only {expected:.1} pages; {needed} weeks of data would tell more"
        ));
    }
    found.is_none().then(|| "every level tells more often than was asked".to_owned())
}

#[cfg(test)]
mod tests;
