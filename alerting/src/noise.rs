//! How noisy alerting was: what each rule told, and how much of it was worth telling.
//!
//! Pure: alerts on record in, counts out. A page is an alert that someone was told of; one that ends
//! within five minutes is hardly worth a walk to the desk; a flap fires again within half an hour after
//! the one before on the same rule and group had ended.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, TimestampMs};

use crate::records::alerts::Alert;
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
mod tests;
