//! Scores alerts against incidents, by the definitions of the parent module.

use std::collections::{BTreeMap, BTreeSet};

use super::{Incident, Scored, ScoredAlert};
use crate::records::delivery::Action;

const MINUTE_MS: i64 = 60_000;
const WEEK_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
/// How long after its end a notification still belongs to an incident.
const TAIL_MS: i64 = 30 * MINUTE_MS;
/// How soon after a resolve a notification is a flap.
const FLAP_MS: i64 = 30 * MINUTE_MS;

/// How good the alerts are. Spans are in ms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    /// Incidents that must notify and were notified.
    pub found: Vec<FoundIncident>,
    /// Incidents that must notify and were not notified: id and kind.
    pub missed: Vec<(String, String)>,
    /// Notifications that belong to incidents that must notify.
    pub true_notifications: usize,
    /// Notifications that belong to incidents that may notify.
    pub neutral_notifications: usize,
    /// All other notifications.
    pub false_notifications: Vec<FalseNotification>,
    /// Incidents that may notify: with an alert, and in all.
    pub warnings: (usize, usize),
    /// Notifications soon after a resolve.
    pub flaps: usize,
    /// Partners times weeks that were scored.
    pub partner_weeks: f64,
    /// Weeks that were scored.
    pub weeks: f64,
}

/// An incident that was notified. Spans are in ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundIncident {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// From the onset to the first notification.
    pub detected_after_ms: i64,
    /// Notifications that belong to it.
    pub notifications: usize,
    /// From its end to the time its last notification was resolved; `None` while that is open.
    pub resolve_lag_ms: Option<i64>,
}

/// A notification that belongs to no incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FalseNotification {
    /// When, in ms since 1970.
    pub at: i64,
    /// Its partner.
    pub partner: String,
    /// Its rule.
    pub rule: String,
    /// The kind of harmless event during it, if any.
    pub during: Option<String>,
}

impl Score {
    /// The share of the incidents that must notify and were notified; `None` when there are none.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        ratio(self.found.len(), self.found.len() + self.missed.len())
    }

    /// The share of true notifications, without neutral ones; `None` when there are none.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.true_notifications, self.true_notifications + self.false_notifications.len())
    }

    /// The q-quantile (rank ⌈q·n⌉) of the time to detect, in ms.
    #[must_use]
    pub fn detected_after_ms(&self, q: f64) -> Option<i64> {
        quantile(self.found.iter().map(|found| found.detected_after_ms).collect(), q)
    }

    /// The median of the resolve lag, in ms.
    #[must_use]
    pub fn resolve_lag_ms(&self) -> Option<i64> {
        quantile(self.found.iter().filter_map(|found| found.resolve_lag_ms).collect(), 0.5)
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The q-quantile of some values, of rank ⌈q·n⌉.
fn quantile(mut values: Vec<i64>, q: f64) -> Option<i64> {
    values.sort_unstable();
    let rank = (q * values.len() as f64).ceil() as usize;
    values.get(rank.clamp(1, values.len().max(1)) - 1).copied()
}

/// A trigger, and when it was resolved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Trigger<'a> {
    at: i64,
    partner: &'a str,
    rule: &'a str,
    resolved_at: Option<i64>,
}

/// Scores the alerts of a backtest.
#[must_use]
pub fn score(alerts: &[ScoredAlert], incidents: &[Incident], scored: Scored) -> Score {
    let from = scored.from;
    let weeks = (scored.end - from).max(0) as f64 / WEEK_MS as f64;
    let partner_weeks = weeks * scored.partners as f64;
    let mut score = Score { partner_weeks, weeks, ..Score::default() };
    let mut triggers = triggers(alerts);
    score.flaps = flaps(&triggers, alerts, from);
    triggers.retain(|trigger| trigger.at >= from);
    let must =
        |incident: &Incident| incident.incident && incident.must_notify && incident.onset() >= from;
    let mut belonging: BTreeMap<&str, Vec<&Trigger<'_>>> = BTreeMap::new();
    for trigger in &triggers {
        match owner(trigger, incidents) {
            Some(incident) if must(incident) => {
                score.true_notifications += 1;
                belonging.entry(&incident.id).or_default().push(trigger);
            }
            Some(_) => score.neutral_notifications += 1,
            None => score.false_notifications.push(false_notification(trigger, incidents)),
        }
    }
    for incident in incidents.iter().filter(|incident| must(incident)) {
        match belonging.get(incident.id.as_str()) {
            Some(triggers) => score.found.push(found(incident, triggers)),
            None => score.missed.push((incident.id.clone(), incident.kind.clone())),
        }
    }
    let may = |it: &&Incident| it.incident && !it.must_notify && it.onset() >= from;
    let may: Vec<&Incident> = incidents.iter().filter(may).collect();
    score.warnings = (may.iter().filter(|it| has_alert(it, alerts)).count(), may.len());
    score
}

/// Every trigger in order of time. Triggers of several receivers at the same time are one.
fn triggers(alerts: &[ScoredAlert]) -> Vec<Trigger<'_>> {
    let mut triggers = BTreeSet::new();
    for alert in alerts {
        for trigger in alert.notifications.iter().filter(|it| it.action == Action::Trigger) {
            let at = trigger.at;
            let resolved_at = resolves(alerts)
                .filter(|(group, resolved_at)| *group == trigger.group && *resolved_at >= at)
                .map(|(_, resolved_at)| resolved_at)
                .min();
            triggers.insert(Trigger {
                at,
                partner: alert.partner.as_str(),
                rule: &alert.rule,
                resolved_at,
            });
        }
    }
    triggers.into_iter().collect()
}

/// Every resolve: its group, and when.
fn resolves(alerts: &[ScoredAlert]) -> impl Iterator<Item = (&str, i64)> {
    let notifications = alerts.iter().flat_map(|alert| &alert.notifications);
    let resolves = notifications.filter(|it| it.action == Action::Resolve);
    resolves.map(|resolve| (resolve.group.as_str(), resolve.at))
}

fn flaps(triggers: &[Trigger<'_>], alerts: &[ScoredAlert], from: i64) -> usize {
    let again = |trigger: &&Trigger<'_>| {
        let before = trigger.at - FLAP_MS..=trigger.at;
        trigger.at >= from
            && alerts.iter().filter(|alert| alert.partner.as_str() == trigger.partner).any(
                |alert| {
                    let mut resolves =
                        alert.notifications.iter().filter(|it| it.action == Action::Resolve);
                    resolves.any(|resolve| before.contains(&resolve.at))
                },
            )
    };
    triggers.iter().filter(again).count()
}

/// The incident that a trigger belongs to.
fn owner<'c>(trigger: &Trigger<'_>, incidents: &'c [Incident]) -> Option<&'c Incident> {
    let holds = |incident: &&Incident| {
        incident.incident && is_within(trigger.at, trigger.partner, incident)
    };
    incidents
        .iter()
        .filter(holds)
        .max_by_key(|incident| (trigger.at <= incident.end, incident.onset()))
}

fn is_within(at: i64, partner: &str, incident: &Incident) -> bool {
    incident.partners.iter().any(|one| one == partner)
        && at >= incident.start
        && at <= incident.end + TAIL_MS
}

fn has_alert(incident: &Incident, alerts: &[ScoredAlert]) -> bool {
    let fired = |alert: &ScoredAlert| is_within(alert.fired_at, alert.partner.as_str(), incident);
    alerts.iter().any(fired)
}

fn found(incident: &Incident, triggers: &[&Trigger<'_>]) -> FoundIncident {
    let first = triggers.iter().map(|trigger| trigger.at).min().unwrap_or(incident.onset());
    let resolved_at: Option<Vec<i64>> =
        triggers.iter().map(|trigger| trigger.resolved_at).collect();
    let last = resolved_at.and_then(|all| all.into_iter().max());
    FoundIncident {
        id: incident.id.clone(),
        kind: incident.kind.clone(),
        detected_after_ms: (first - incident.onset()).max(0),
        notifications: triggers.len(),
        resolve_lag_ms: last.map(|at| at - incident.end),
    }
}

fn false_notification(trigger: &Trigger<'_>, incidents: &[Incident]) -> FalseNotification {
    let during =
        incidents.iter().find(|it| !it.incident && is_within(trigger.at, trigger.partner, it));
    FalseNotification {
        at: trigger.at,
        partner: trigger.partner.to_owned(),
        rule: trigger.rule.to_owned(),
        during: during.map(|incident| incident.kind.clone()),
    }
}

#[cfg(test)]
mod tests;
