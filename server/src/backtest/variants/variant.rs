//! One rule with other thresholds and `for`s, evaluated over the same history. Sweeps and suggestions use it.

use plimsoll_alerting::{ReplayedAlert, Rule, RuleSet};
use plimsoll_storage::TimestampMs;

use crate::backtest::trigger_times;

/// An alert that fires this soon after the last one of its group resolved is a flap, in ms.
const FLAP_MS: i64 = 30 * 60_000;

/// A rule with another threshold and another `for`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Variant {
    /// The threshold for critical, in the unit of the signal.
    pub(crate) threshold: f64,
    pub(crate) for_ms: i64,
}

/// What a variant did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct VariantOutcome {
    pub(crate) variant: Variant,
    /// Notifications that an alert fired.
    pub(crate) pages: usize,
    /// Alerts that fired soon after the last one of the same group resolved.
    pub(crate) flaps: usize,
    /// How long alerts were open in all, in ms.
    pub(crate) firing_ms: i64,
}

impl Variant {
    /// The rule set reduced to this variant of the rule and the rules it depends on. Alerts of other rules
    /// could share its notifications and so hide them.
    pub(crate) fn of(self, rules: &RuleSet, name: &str) -> Option<RuleSet> {
        let rule = rules.rule(name)?;
        let kept = |one: &&Rule| one.name == name || rule.depends_on.contains(&one.name);
        let mut changed: Vec<Rule> = rules.rules.iter().filter(kept).cloned().collect();
        let varied = changed.iter_mut().find(|one| one.name == name)?;
        varied.critical = Some(self.threshold);
        // The warning threshold must be reached before the critical one.
        let passes = |warning: &f64| {
            if varied.fires_below() { *warning > self.threshold } else { *warning < self.threshold }
        };
        varied.warning = varied.warning.filter(passes);
        varied.for_ms = self.for_ms;
        Some(RuleSet { rules: changed, ..rules.clone() })
    }

    /// Counts the alerts of the rule that fired at or after `from`. Open alerts last until `end`.
    pub(crate) fn outcome(
        self,
        alerts: &[ReplayedAlert],
        name: &str,
        from: Option<TimestampMs>,
        end: TimestampMs,
    ) -> VariantOutcome {
        let since = from.unwrap_or(TimestampMs(i64::MIN));
        let of_rule = alerts.iter().filter(|it| it.rule == name);
        let mut alerts: Vec<&ReplayedAlert> = of_rule.filter(|it| it.fired_at >= since).collect();
        alerts.sort_by(|a, b| (&a.labels, a.fired_at).cmp(&(&b.labels, b.fired_at)));
        let is_flap = |pair: &[&ReplayedAlert]| {
            let ended = pair[0].resolved_at;
            pair[0].labels == pair[1].labels
                && ended.is_some_and(|ended| pair[1].fired_at.since_ms(ended) <= FLAP_MS)
        };
        VariantOutcome {
            variant: self,
            pages: alerts.iter().map(|alert| trigger_times(alert).len()).sum(),
            flaps: alerts.windows(2).filter(|pair| is_flap(pair)).count(),
            firing_ms: alerts
                .iter()
                .map(|alert| alert.resolved_at.unwrap_or(end).since_ms(alert.fired_at).max(0))
                .sum(),
        }
    }
}

/// The position of the knee among outcomes from loud to quiet: where the number of notifications stops
/// falling quickly. It is farthest below the straight line from the first to the last outcome. `None` if the
/// numbers do not fall.
pub(crate) fn knee(outcomes: &[VariantOutcome]) -> Option<usize> {
    let (first, last) = (outcomes.first()?.pages as f64, outcomes.last()?.pages as f64);
    let steps = outcomes.len().checked_sub(1).filter(|steps| *steps >= 2)? as f64;
    let below = |(position, outcome): (usize, &VariantOutcome)| {
        let line = first + (last - first) * position as f64 / steps;
        (position, line - outcome.pages as f64)
    };
    let farthest = outcomes.iter().enumerate().map(below).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (first > last && farthest.1 > 0.0).then_some(farthest.0)
}

#[cfg(test)]
mod tests;
