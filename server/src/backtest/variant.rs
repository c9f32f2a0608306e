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
            if own.is_floor() { *warning > self.threshold } else { *warning < self.threshold }
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
mod tests {
    use plimsoll_alerting::{Action, Evidence, Gate, GroupLabels, ReplayedNotification, Severity};
    use plimsoll_storage::Label;

    use super::*;

    const MINUTE_MS: i64 = 60_000;
    const VARIANT: Variant = Variant { threshold: 0.05, for_ms: 0 };

    fn alert(partner: &str, fired: i64, resolved: Option<i64>) -> ReplayedAlert {
        let at = |minute: i64| TimestampMs(minute * MINUTE_MS);
        let told = |receiver: &str| ReplayedNotification {
            at: at(fired),
            action: Action::Trigger,
            receiver: receiver.into(),
            group: partner.into(),
        };
        ReplayedAlert {
            rule: "r".into(),
            signal: SignalKind::Ratio,
            severity: Severity::Critical,
            labels: GroupLabels::new([(Label::Partner, partner.to_owned())]),
            pending_at: at(fired),
            fired_at: at(fired),
            resolved_at: resolved.map(at),
            peak: Evidence {
                value: 0.2,
                count: 9,
                lower: 0.1,
                upper: 0.3,
                threshold: 0.05,
                reached: Some(Severity::Critical),
                gate: Gate::Passed,
            },
            notifications: vec![told("a"), told("b")],
        }
    }

    #[test]
    fn an_outcome_counts_pages_flaps_and_time() {
        let alerts = [
            alert("dhl", 0, Some(10)),
            alert("dhl", 30, Some(40)),
            alert("dhl", 80, None),
            alert("ups", 41, Some(42)),
        ];
        let outcome = VARIANT.outcome(&alerts, "r", None, TimestampMs(100 * MINUTE_MS));
        assert_eq!((outcome.pages, outcome.flaps), (4, 1), "two receivers are one page");
        assert_eq!(outcome.firing_ms, (10 + 10 + 20 + 1) * MINUTE_MS);
        let from = Some(TimestampMs(41 * MINUTE_MS));
        assert_eq!(VARIANT.outcome(&alerts, "r", from, TimestampMs(0)).pages, 2);
        assert_eq!(VARIANT.outcome(&alerts, "other", None, TimestampMs(0)).pages, 0);
    }

    #[test]
    fn levels_are_shown_as_rules_have_them() {
        let table = [
            (SignalKind::Ratio, 0.05, "5%"),
            (SignalKind::Ratio, 0.012_345, "1.23%"),
            (SignalKind::Drop, 0.3, "30% of usual"),
            (SignalKind::Latency, 1.2, "1200ms"),
            (SignalKind::Freshness, 1_800.0, "1800s"),
            (SignalKind::Gauge, 12_345.6, "12346"),
        ];
        for (signal, level, text) in table {
            assert_eq!(shown(signal, level), text);
        }
    }

    #[test]
    fn the_knee_is_where_pages_stop_to_fall() {
        let row = |pages| Outcome { variant: VARIANT, pages, flaps: 0, firing_ms: 0 };
        let rows = |pages: &[usize]| pages.iter().map(|it| row(*it)).collect::<Vec<_>>();
        assert_eq!(knee(&rows(&[100, 40, 9, 7, 6, 5])), Some(2));
        assert_eq!(knee(&rows(&[5, 5, 5])), None, "nothing falls");
        assert_eq!(knee(&rows(&[5, 1])), None, "two points have no knee");
        assert_eq!(knee(&[]), None);
    }
}
