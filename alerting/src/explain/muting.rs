//! What keeps an alert from a notification of its own, by name: the alerts whose notification it shares or
//! that it depends on, the silences, and the maintenance.

use plimsoll_storage::{Label, Store, TimestampMs};

use crate::error::Result;
use crate::labels::GroupLabels;
use crate::notify::grouping::Grouping;
use crate::notify::mute::dependencies;
use crate::records::alerts::{self, Alert, AlertFilter, alert_id};
use crate::records::muted_by::MutedBy;
use crate::records::{checkpoint, silence};
use crate::rule::RuleSet;
use crate::text::time::rfc3339;

/// Alerts that are listed at most.
const ALERTS_MAX: usize = 20;

/// What mutes an alert.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Muting {
    /// The alerts whose notification it shares, or that it depends on.
    pub alerts: Vec<Alert>,
    /// The silences or the maintenance that cover it, a line each.
    pub lines: Vec<String>,
}

/// What mutes an alert at a time; for an alert that has ended, what did until then.
///
/// # Errors
/// When the store cannot be read.
pub fn muting(store: &Store, rules: &RuleSet, alert: &Alert, at: TimestampMs) -> Result<Muting> {
    let rule = rules.rule(&alert.rule);
    let labels = rule.map_or_else(|| alert.labels.clone(), |it| it.known_labels(&alert.labels));
    let mut found = Muting::default();
    match alert.notify.muted_by {
        Some(MutedBy::Shared | MutedBy::Waiting) => found.alerts = sharing(store, rules, alert)?,
        Some(MutedBy::Dependency) => found.alerts = depended_on(store, rules, alert)?,
        Some(MutedBy::Silenced) => {
            let silences = silence::list(store)?.into_iter();
            let covering = silences.filter(|it| it.covers(&alert.rule, &labels, at.plus_ms(-1)));
            found.lines.extend(covering.map(|it| {
                let (scope, end) = (it.scope(), rfc3339(it.period.end));
                format!("silence of {scope} by {} until {end}: {}", it.author, it.reason)
            }));
        }
        Some(MutedBy::Maintenance) => {
            let covering = rules.maintenance.iter().filter(|it| it.covers(&labels, at.plus_ms(-1)));
            let line = |author: &str, reason: &str| format!("maintenance by {author}: {reason}");
            found.lines.extend(covering.map(|it| line(&it.author, &it.reason)));
        }
        _ => {}
    }
    Ok(found)
}

/// The alerts that have triggered the notification that an alert is in; of one that is resolved, the alerts
/// of its group that were notified meanwhile.
fn sharing(store: &Store, rules: &RuleSet, alert: &Alert) -> Result<Vec<Alert>> {
    let grouping: Grouping = checkpoint::GROUPING.load(store)?.unwrap_or_default();
    let key = (alert.rule.clone(), alert.labels.clone());
    let mut found = Vec::new();
    for ((rule, labels), since) in grouping.triggers_with(&key).filter(|_| alert.is_open()) {
        found.extend(alerts::get(store, &alert_id(rule, labels, *since))?);
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let by = rules.grouping.as_ref().map_or(&[][..], |grouping| &grouping.by);
    let value = |label: &Label| Some((*label, alert.labels.get(*label)?.to_owned()));
    let labels = by.iter().filter_map(value).collect();
    let mut others =
        alerts::list(store, &AlertFilter { labels, ..AlertFilter::default() }, usize::MAX)?;
    others.retain(|other| {
        other.id != alert.id && other.notify.notified.is_some() && overlap(other, alert)
    });
    others.truncate(ALERTS_MAX);
    Ok(others)
}

/// The alerts that an alert depends on and that were open with it.
fn depended_on(store: &Store, rules: &RuleSet, alert: &Alert) -> Result<Vec<Alert>> {
    let Some(rule) = rules.rule(&alert.rule) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for dependency in dependencies(rules, rule, &alert.labels) {
        let is_within = |labels: &GroupLabels| {
            labels.iter().all(|(label, value)| dependency.labels.get(label) == Some(value))
        };
        for name in &dependency.rules {
            let filter = AlertFilter { rule: Some(name.clone()), ..AlertFilter::default() };
            let others = alerts::list(store, &filter, usize::MAX)?.into_iter();
            found.extend(others.filter(|it| is_within(&it.labels) && overlap(it, alert)));
        }
    }
    found.truncate(ALERTS_MAX);
    Ok(found)
}

/// Whether two alerts were open at the same time.
fn overlap(one: &Alert, other: &Alert) -> bool {
    let ends_after = |one: &Alert, other: &Alert| {
        one.resolved_at.is_none_or(|resolved_at| resolved_at >= other.fired_at)
    };
    ends_after(one, other) && ends_after(other, one)
}
