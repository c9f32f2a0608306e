//! How noisy alerting was: what each rule told, and how much of it was worth telling.
//!
//! Pure: alerts on record in, counts out. A page is an alert that someone was told of; one that ends
//! within five minutes is hardly worth a walk to the desk; a flap fires again within half an hour after
//! the one before on the same rule and group had ended.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, TimestampMs};

use crate::alerts::Alert;
use crate::rule::RuleSet;

/// An alert that ends sooner than this was short, in ms.
pub const SHORT_MS: i64 = 5 * 60_000;
/// An alert that fires sooner than this after the one before is a flap, in ms.
pub const FLAP_MS: i64 = 30 * 60_000;

/// What some alerts amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Alerts that fired.
    pub alerts: usize,
    /// Those of them that someone was told of.
    pub pages: usize,
    /// Pages that someone took care of.
    pub acknowledged: usize,
    /// Pages whose alert has ended.
    pub ended: usize,
    /// Pages whose alert ended within [`SHORT_MS`].
    pub short: usize,
    /// Alerts that fired within [`FLAP_MS`] after the one before had ended.
    pub flaps: usize,
    /// How long alerts were open in all, in ms.
    pub open_ms: i64,
}

/// How noisy a stretch of time was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noise {
    /// Everything.
    pub all: Tally,
    /// By rule, most pages first.
    pub rules: Vec<(String, Tally)>,
    /// By partner, most pages first.
    pub partners: Vec<(String, Tally)>,
    /// Rules in force none of whose alerts fired.
    pub never_fired: Vec<String>,
}

/// What an alert does not say itself.
#[derive(Debug, Clone, Copy)]
struct Seen {
    is_flap: bool,
    is_acknowledged: bool,
}

impl Tally {
    fn add(&mut self, alert: &Alert, seen: Seen, until: TimestampMs) {
        let open_ms = alert.resolved_at.unwrap_or(until).since_ms(alert.fired_at).max(0);
        let told = alert.paged.is_some();
        self.alerts += 1;
        self.pages += usize::from(told);
        self.acknowledged += usize::from(told && seen.is_acknowledged);
        self.ended += usize::from(told && !alert.is_open());
        self.short += usize::from(told && !alert.is_open() && open_ms < SHORT_MS);
        self.flaps += usize::from(seen.is_flap);
        self.open_ms += open_ms;
    }
}

/// Sums up the alerts that fired in `[from, to)`; those before it only tell flaps. `acknowledged` holds
/// the ids of those that someone took care of.
#[must_use]
pub fn noise(
    alerts: &[Alert],
    acknowledged: &BTreeSet<String>,
    rules: &RuleSet,
    (from, to): (TimestampMs, TimestampMs),
) -> Noise {
    // A drill is no noise.
    let counts = |alert: &&Alert| alert.fired_at < to && !alert.labels.is_sandbox();
    let mut alerts: Vec<&Alert> = alerts.iter().filter(counts).collect();
    alerts.sort_by_key(|alert| alert.fired_at);
    let mut ended: BTreeMap<String, TimestampMs> = BTreeMap::new();
    let mut noise = Noise::default();
    let mut by_rule: BTreeMap<String, Tally> = BTreeMap::new();
    let mut by_partner: BTreeMap<String, Tally> = BTreeMap::new();
    for alert in alerts {
        let before = ended.get(&alert.dedup_key());
        let is_flap = before.is_some_and(|before| alert.fired_at.since_ms(*before) <= FLAP_MS);
        if alert.fired_at >= from {
            let seen = Seen { is_flap, is_acknowledged: acknowledged.contains(&alert.id) };
            noise.all.add(alert, seen, to);
            by_rule.entry(alert.rule.clone()).or_default().add(alert, seen, to);
            let partner = alert.labels.get(Label::Partner).unwrap_or_default().to_owned();
            by_partner.entry(partner).or_default().add(alert, seen, to);
        }
        if let Some(at) = alert.resolved_at {
            ended.insert(alert.dedup_key(), at);
        }
    }
    let fired: BTreeSet<&String> = by_rule.keys().collect();
    let silent = rules.rules.iter().filter(|rule| !fired.contains(&rule.name));
    noise.never_fired = silent.map(|rule| rule.name.clone()).collect();
    noise.rules = most_pages_first(by_rule);
    noise.partners = most_pages_first(by_partner);
    noise
}

fn most_pages_first(tallies: BTreeMap<String, Tally>) -> Vec<(String, Tally)> {
    let mut tallies: Vec<(String, Tally)> = tallies.into_iter().collect();
    tallies.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.pages, tally.alerts)));
    tallies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Severity;
    use crate::testing;

    const START: TimestampMs = TimestampMs(1_795_204_800_000);

    fn at(minute: i64) -> TimestampMs {
        START.plus_ms(minute * 60_000)
    }

    fn alert(rule: &str, fired: i64, resolved: Option<i64>, told: bool) -> Alert {
        Alert {
            id: format!("{rule} {fired}"),
            rule: rule.into(),
            fired_at: at(fired),
            resolved_at: resolved.map(at),
            paged: told.then_some(Severity::Critical),
            ..testing::alert()
        }
    }

    #[test]
    fn pages_short_ones_and_flaps_are_counted_by_rule_and_partner() {
        let rules = ["loud", "quiet", "silent"].map(testing::rule).to_vec();
        let rules = RuleSet { rules, ..RuleSet::default() };
        let alerts = [
            alert("loud", -20, Some(-5), true),
            alert("loud", 3, Some(5), true),
            alert("loud", 50, None, true),
            alert("quiet", 7, Some(60), false),
            alert("quiet", 100, Some(101), true),
        ];
        let acknowledged = BTreeSet::from(["loud 50", "quiet 7", "loud -20"].map(str::to_owned));
        let noise = noise(&alerts, &acknowledged, &rules, (at(0), at(60)));
        let loud = Tally {
            alerts: 2,
            pages: 2,
            acknowledged: 1,
            ended: 1,
            short: 1,
            flaps: 1,
            open_ms: 720_000,
        };
        let quiet = Tally { alerts: 1, open_ms: 53 * 60_000, ..Tally::default() };
        assert_eq!(noise.rules, [("loud".to_owned(), loud), ("quiet".to_owned(), quiet)]);
        assert_eq!(noise.never_fired, ["silent"]);
        assert_eq!((noise.partners.len(), noise.partners[0].0.as_str()), (1, "dhl"));
        assert_eq!((noise.all.alerts, noise.all.pages), (3, 2));
    }
}
