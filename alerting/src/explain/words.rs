//! An evaluation in words.

use plimsoll_storage::TimestampMs;

use crate::engine::{AlertState, Evidence, Firing, Gate};
use crate::explain::ExplainedSlot;
use crate::labels::GroupLabels;
use crate::message::units::{duration, rfc3339, value};
use crate::rule::{Rule, Signal, SignalKind};

/// What was found at a time, what it means, and what comes next.
pub(super) fn words(
    rule: &Rule,
    labels: &GroupLabels,
    slots: &[ExplainedSlot],
    at: TimestampMs,
) -> String {
    let newest = slots.iter().rev().find(|slot| slot.t <= at);
    let Some(slot) = newest else {
        return format!("{} of {}: nothing was evaluated.", rule.signal.symptom(), labels.title());
    };
    let mut sentences = vec![finding(rule, labels, slot), standing(rule, slot)];
    if let (AlertState::Firing(_), Some(muted_by)) = (slot.state, slot.muted_by) {
        sentences.push(format!("It is muted: {}.", muted_by.in_words()));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

/// What was found.
fn finding(rule: &Rule, labels: &GroupLabels, slot: &ExplainedSlot) -> String {
    let (what, who, at) = (rule.signal.symptom(), labels.title(), rfc3339(slot.t));
    let Some(evidence) = slot.evidence else {
        return format!("At {at} there was no data of {what} for {who}.");
    };
    let kind = rule.signal.kind();
    let was = value(kind, evidence.value);
    format!(
        "At {at} {what} for {who} was {was}{}: {}.",
        basis(rule, &evidence),
        compared(rule, &evidence)
    )
}

fn basis(rule: &Rule, evidence: &Evidence) -> String {
    match &rule.signal {
        Signal::Ratio { .. } => {
            let bad = (evidence.value * evidence.count as f64).round();
            format!(" ({bad} of {})", evidence.count)
        }
        Signal::Latency { .. } | Signal::Drop { .. } | Signal::Burn { .. } => {
            format!(" ({} items)", evidence.count)
        }
        _ => String::new(),
    }
}

/// The value compared with the threshold, and how sure that is.
fn compared(rule: &Rule, evidence: &Evidence) -> String {
    let kind = rule.signal.kind();
    let (beyond, bound) =
        if rule.fires_below() { ("below", evidence.upper) } else { ("above", evidence.lower) };
    let threshold = value(kind, evidence.threshold);
    let is_exact = matches!(
        kind,
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run | SignalKind::Gauge
    );
    let known = |sure: &str| {
        if is_exact || !bound.is_finite() {
            String::new()
        } else {
            format!(", {sure} {beyond} {}", value(kind, bound))
        }
    };
    match evidence.gate {
        Gate::Passed => format!("{beyond} {threshold}{}", known("surely")),
        Gate::BelowThreshold => format!("not {beyond} {threshold}"),
        Gate::Uncertain => {
            format!("{beyond} {threshold}, but that could be chance{}", known("it is surely only"))
        }
        Gate::TooFew => format!("fewer than {} items, which do not count", rule.min_count),
    }
}

/// The state of the group, and what comes next.
fn standing(rule: &Rule, slot: &ExplainedSlot) -> String {
    let clear_ms = rule.clear_ms.max(rule.keep_firing_ms);
    match slot.state {
        AlertState::Inactive => "No alert is open.".to_owned(),
        AlertState::Pending { since } => format!(
            "The condition holds since {}; it fires at {} if it still holds then.",
            rfc3339(since),
            rfc3339(since.plus_ms(rule.for_ms))
        ),
        AlertState::Firing(Firing { since, fired_at, severity, clear_since, .. }) => {
            let open = format!(
                "A {} alert is open since {} (the condition since {})",
                severity.as_str(),
                rfc3339(fired_at),
                rfc3339(since)
            );
            match clear_since {
                Some(gone) => format!(
                    "{open}; the condition is gone since {}, it resolves at {} if that lasts.",
                    rfc3339(gone),
                    rfc3339(gone.plus_ms(clear_ms))
                ),
                None => format!(
                    "{open}; it resolves once the condition is gone for {}.",
                    duration(clear_ms)
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests;
