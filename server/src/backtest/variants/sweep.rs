//! A sweep: one rule at every combination of some thresholds and `for`s.

use std::fmt::{self, Write as _};

use plimsoll_alerting::{Rule, RuleSet, parse_duration_or_zero_ms};
use plimsoll_storage::{Slot, SlotWidth, TimestampMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::variant::{Variant, VariantOutcome, knee};
use crate::backtest::limits::VARIANTS_MAX;
use crate::backtest::{Replay, level_text, span};

/// The values of a sweep as they are given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SweepRequest {
    /// The name of the rule.
    pub(crate) rule: String,
    /// Thresholds as a rules file has them; that of the rule when empty.
    #[serde(default)]
    pub(crate) thresholds: Vec<String>,
    /// Durations; that of the rule when empty.
    #[serde(default, rename = "for")]
    pub(crate) holds: Vec<String>,
}

/// A rule and the values to evaluate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sweep {
    rule: String,
    /// From loud to quiet.
    thresholds: Vec<f64>,
    for_ms: Vec<i64>,
}

/// What one combination found, as a line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SweepLine {
    pub(crate) rule: String,
    /// As a rules file writes it.
    pub(crate) threshold: String,
    pub(crate) for_s: f64,
    /// How many notifications it would have sent.
    pub(crate) pages: usize,
    /// Alerts that fired again soon after they resolved.
    pub(crate) flaps: usize,
    /// How long alerts were open in all.
    pub(crate) firing_s: f64,
    /// Whether a higher threshold saves few notifications.
    pub(crate) knee: bool,
}

impl Sweep {
    /// Reads the values.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn new(request: &SweepRequest, rules: &RuleSet) -> Result<Self, String> {
        let name = &request.rule;
        let rule = rules
            .rule(name)
            .ok_or_else(|| format!("the rules file has no rule `{name}` to sweep"))?;
        let given = request.thresholds.iter().map(|one| rule.read_threshold(one));
        let mut thresholds = given
            .collect::<Result<Vec<f64>, _>>()
            .map_err(|error| format!("threshold of the sweep: {error}"))?;
        if thresholds.is_empty() {
            thresholds.extend(rule.critical.or(rule.warning));
        }
        from_loud_to_quiet(&mut thresholds, rule);
        let given = request.holds.iter().map(|one| duration_ms(one));
        let mut for_ms = given.collect::<Result<Vec<i64>, _>>()?;
        if for_ms.is_empty() {
            for_ms.push(rule.for_ms);
        }
        let count = thresholds.len() * for_ms.len();
        if count == 0 || count > VARIANTS_MAX {
            let range = format!("1 to {VARIANTS_MAX} can be evaluated");
            return Err(format!("the sweep has {count} variants; {range}"));
        }
        Ok(Self { rule: name.clone(), thresholds, for_ms })
    }

    /// Every combination, by `for` and from loud to quiet.
    fn variants(&self) -> impl Iterator<Item = Variant> {
        let of = |for_ms: i64| {
            self.thresholds.iter().map(move |&threshold| Variant { threshold, for_ms })
        };
        self.for_ms.iter().copied().flat_map(of)
    }

    /// The rule sets to replay, one for each combination.
    pub(crate) fn rule_sets(&self, rules: &RuleSet) -> Vec<RuleSet> {
        self.variants().filter_map(|variant| variant.of(rules, &self.rule)).collect()
    }

    /// What a replay of [`Sweep::rule_sets`] found from a time on.
    pub(crate) fn lines(
        &self,
        rules: &RuleSet,
        replayed: &Replay,
        width: SlotWidth,
        from: Option<TimestampMs>,
    ) -> Vec<SweepLine> {
        let Some(rule) = rules.rule(&self.rule) else { return Vec::new() };
        let end = width.end(replayed.scope.slots.map_or(Slot(0), |(_, last)| last));
        let outcomes: Vec<VariantOutcome> = self
            .variants()
            .zip(&replayed.results)
            .map(|(variant, result)| variant.outcome(&result.alerts, &self.rule, from, end))
            .collect();
        let of_one_for = outcomes.chunks(self.thresholds.len().max(1));
        let lines = of_one_for.flat_map(|outcomes| {
            let knee = knee(outcomes);
            let line = move |(place, outcome): (usize, &VariantOutcome)| SweepLine {
                rule: self.rule.clone(),
                threshold: level_text(rule.signal.kind(), outcome.variant.threshold),
                for_s: outcome.variant.for_ms as f64 / 1e3,
                pages: outcome.pages,
                flaps: outcome.flaps,
                firing_s: outcome.firing_ms as f64 / 1e3,
                knee: knee == Some(place),
            };
            outcomes.iter().enumerate().map(line)
        });
        lines.collect()
    }
}

fn from_loud_to_quiet(thresholds: &mut [f64], rule: &Rule) {
    thresholds.sort_by(f64::total_cmp);
    if rule.fires_below() {
        thresholds.reverse();
    }
}

fn duration_ms(text: &str) -> Result<i64, String> {
    parse_duration_or_zero_ms(text).map_err(|error| format!("for of the sweep: {error}"))
}

/// A table for people.
///
/// # Errors
/// Never: the text is written into memory.
pub(crate) fn table(lines: &[SweepLine]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let heads = ["threshold", "for", "notified", "flaps", "firing"];
    let [threshold, hold, notified, flaps, firing] = heads;
    writeln!(text, "{threshold:>14}  {hold:>6}  {notified:>8}  {flaps:>6}  {firing:>8}")?;
    for SweepLine { threshold, for_s, pages, flaps, firing_s, knee, .. } in lines {
        let mark = if *knee { "  <- knee" } else { "" };
        let (hold, firing) = (span((for_s * 1e3) as i64), span((firing_s * 1e3) as i64));
        writeln!(text, "{threshold:>14}  {hold:>6}  {pages:>8}  {flaps:>6}  {firing:>8}{mark}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
