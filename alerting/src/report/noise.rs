//! How noisy alerting was: the alerts and notifications of each rule and partner.
//!
//! Pure: stored alerts in, counts out. A notified alert is one that a receiver was notified of. It is short
//! when it was resolved within five minutes. An alert is a flap when it fires within half an hour after
//! the last alert of the same rule and group was resolved.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, TimestampMs};

use crate::records::alerts::Alert;
use crate::rule::RuleSet;

/// An alert that is resolved sooner than this is short, in ms.
const SHORT_MS: i64 = 5 * 60_000;
/// An alert that fires sooner than this after the previous one is a flap, in ms.
const FLAP_MS: i64 = 30 * 60_000;

/// Counts over some alerts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Alerts that fired.
    pub alerts: usize,
    /// Those of them that a receiver was notified of.
    pub notified: usize,
    /// Notified alerts that were acknowledged.
    pub acknowledged: usize,
    /// Notified alerts that were resolved.
    pub resolved: usize,
    /// Notified alerts that were resolved within 5 minutes.
    pub short: usize,
    /// Alerts that fired within 30 minutes after the previous one was resolved.
    pub flaps: usize,
    /// How long alerts were open in all, in ms.
    pub open_ms: i64,
}

/// How noisy a period was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Noise {
    /// All alerts.
    pub all: Tally,
    /// By rule, most notifications first.
    pub rules: Vec<(String, Tally)>,
    /// By partner, most notifications first.
    pub partners: Vec<(String, Tally)>,
    /// Current rules without an alert.
    pub never_fired: Vec<String>,
}

/// What is known of an alert beside its record.
#[derive(Debug, Clone, Copy)]
struct Known {
    is_flap: bool,
    is_acknowledged: bool,
}

impl Tally {
    fn add(&mut self, alert: &Alert, known: Known, until: TimestampMs) {
        let open_ms = alert.resolved_at.unwrap_or(until).since_ms(alert.fired_at).max(0);
        let is_notified = alert.notify.notified.is_some();
        self.alerts += 1;
        self.notified += usize::from(is_notified);
        self.acknowledged += usize::from(is_notified && known.is_acknowledged);
        self.resolved += usize::from(is_notified && !alert.is_open());
        self.short += usize::from(is_notified && !alert.is_open() && open_ms < SHORT_MS);
        self.flaps += usize::from(known.is_flap);
        self.open_ms += open_ms;
    }
}

/// Counts the alerts that fired in `[from, to)`. Those before it are only used to find flaps.
/// `acknowledged` holds the ids of acknowledged alerts.
#[must_use]
pub fn noise(
    alerts: &[Alert],
    acknowledged: &BTreeSet<String>,
    rules: &RuleSet,
    (from, to): (TimestampMs, TimestampMs),
) -> Noise {
    // Drills do not count.
    let counts = |alert: &&Alert| alert.fired_at < to && !alert.labels.is_sandbox();
    let mut alerts: Vec<&Alert> = alerts.iter().filter(counts).collect();
    alerts.sort_by_key(|alert| alert.fired_at);
    let mut resolved: BTreeMap<String, TimestampMs> = BTreeMap::new();
    let mut noise = Noise::default();
    let mut by_rule: BTreeMap<String, Tally> = BTreeMap::new();
    let mut by_partner: BTreeMap<String, Tally> = BTreeMap::new();
    for alert in alerts {
        let before = resolved.get(&alert.dedup_key());
        let is_flap = before.is_some_and(|before| alert.fired_at.since_ms(*before) <= FLAP_MS);
        if alert.fired_at >= from {
            let known = Known { is_flap, is_acknowledged: acknowledged.contains(&alert.id) };
            noise.all.add(alert, known, to);
            by_rule.entry(alert.rule.clone()).or_default().add(alert, known, to);
            let partner = alert.labels.get(Label::Partner).unwrap_or_default().to_owned();
            by_partner.entry(partner).or_default().add(alert, known, to);
        }
        if let Some(at) = alert.resolved_at {
            resolved.insert(alert.dedup_key(), at);
        }
    }
    let fired: BTreeSet<&String> = by_rule.keys().collect();
    let without_alert = rules.rules.iter().filter(|rule| !fired.contains(&rule.name));
    noise.never_fired = without_alert.map(|rule| rule.name.clone()).collect();
    noise.rules = most_notified_first(by_rule);
    noise.partners = most_notified_first(by_partner);
    noise
}

fn most_notified_first(tallies: BTreeMap<String, Tally>) -> Vec<(String, Tally)> {
    let mut tallies: Vec<(String, Tally)> = tallies.into_iter().collect();
    tallies.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.notified, tally.alerts)));
    tallies
}

#[cfg(test)]
mod tests;
