//! One rule at many thresholds and `for`s, judged side by side over the same history: what a sweep
//! shows and a suggestion is made of.

use plimsoll_alerting::{ReplayedAlert, Rule, RuleSet, SignalKind};
use plimsoll_storage::TimestampMs;

use super::begins;

/// How soon after it ended an alert of the same group is a flap, in ms.
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
pub(crate) struct Outcome {
    pub(crate) variant: Variant,
    /// How often someone was told that an alert began.
    pub(crate) pages: usize,
    /// Alerts that fired soon after the one before on the same group had ended.
    pub(crate) flaps: usize,
    /// How long alerts were open in all, in ms.
    pub(crate) firing_ms: i64,
}

impl Variant {
    /// The rule set with only this rule so changed and what it depends on. Other rules would only
    /// share its messages, and so hide what it does itself.
    pub(crate) fn of(self, rules: &RuleSet, name: &str) -> Option<RuleSet> {
        let rule = rules.rule(name)?;
        let kept = |one: &&Rule| one.name == name || rule.depends_on.contains(&one.name);
        let mut changed: Vec<Rule> = rules.rules.iter().filter(kept).cloned().collect();
        let own = changed.iter_mut().find(|one| one.name == name)?;
        own.critical = Some(self.threshold);
        // A ladder must go up.
        let passes = |warning: &f64| {
            if own.fires_below() { *warning > self.threshold } else { *warning < self.threshold }
        };
        own.warning = own.warning.filter(passes);
        own.for_ms = self.for_ms;
        Some(RuleSet { rules: changed, ..rules.clone() })
    }

    /// Sums up the alerts of the rule from a time on; open ones last until the end.
    pub(crate) fn outcome(
        self,
        alerts: &[ReplayedAlert],
        name: &str,
        from: Option<TimestampMs>,
        end: TimestampMs,
    ) -> Outcome {
        let since = from.unwrap_or(TimestampMs(i64::MIN));
        let of_rule = alerts.iter().filter(|it| it.rule == name);
        let mut own: Vec<&ReplayedAlert> = of_rule.filter(|it| it.fired_at >= since).collect();
        own.sort_by(|a, b| (&a.labels, a.fired_at).cmp(&(&b.labels, b.fired_at)));
        let is_flap = |pair: &[&ReplayedAlert]| {
            let ended = pair[0].resolved_at;
            pair[0].labels == pair[1].labels
                && ended.is_some_and(|ended| pair[1].fired_at.since_ms(ended) <= FLAP_MS)
        };
        Outcome {
            variant: self,
            pages: own.iter().map(|alert| begins(alert).len()).sum(),
            flaps: own.windows(2).filter(|pair| is_flap(pair)).count(),
            firing_ms: own
                .iter()
                .map(|alert| alert.resolved_at.unwrap_or(end).since_ms(alert.fired_at).max(0))
                .sum(),
        }
    }
}

/// Which of some outcomes, ordered from loud to quiet, is the knee: where pages stop to fall quickly.
/// It lies farthest below the straight line from the first to the last. Nothing when they do not fall.
pub(crate) fn knee(outcomes: &[Outcome]) -> Option<usize> {
    let (first, last) = (outcomes.first()?.pages as f64, outcomes.last()?.pages as f64);
    let steps = outcomes.len().checked_sub(1).filter(|steps| *steps >= 2)? as f64;
    let below = |(position, outcome): (usize, &Outcome)| {
        let line = first + (last - first) * position as f64 / steps;
        (position, line - outcome.pages as f64)
    };
    let farthest = outcomes.iter().enumerate().map(below).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (first > last && farthest.1 > 0.0).then_some(farthest.0)
}

/// A level as a rules file has it, without its sign: `5%`, `1200ms`, `30m`.
pub(crate) fn shown(signal: SignalKind, level: f64) -> String {
    let digits = |value: f64| {
        // Three digits that count.
        let places = (2.0 - value.abs().max(1e-9).log10().floor()).clamp(0.0, 6.0);
        let text = format!("{value:.*}", places as usize);
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    };
    match signal {
        SignalKind::Ratio => format!("{}%", digits(level * 100.0)),
        SignalKind::Drop => format!("{}% of usual", digits(level * 100.0)),
        SignalKind::Latency => format!("{}ms", digits(level * 1e3)),
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run => {
            format!("{}s", level.round())
        }
        SignalKind::Gauge | SignalKind::Burn => digits(level),
    }
}

#[cfg(test)]
mod tests;
