//! An evaluation in words.

use plimsoll_storage::TimestampMs;

use crate::engine::{
    AlertState, ComparedUnit, Comparison, Evidence, EvidenceTest, Firing, Gate, Unmet,
};
use crate::explain::ExplainedSlot;
use crate::labels::GroupLabels;
use crate::message::units::{duration, rfc3339, value};
use crate::records::alerts::Alert;
use crate::rule::{Rule, Signal, SignalKind};

/// What was found at a time, what it means, and what comes next. `records` are the alerts on record, unless
/// the states are taken from them.
pub(super) fn words(
    rule: &Rule,
    labels: &GroupLabels,
    (slots, records): (&[ExplainedSlot], Option<&[Alert]>),
    at: TimestampMs,
) -> String {
    let newest = slots.iter().rev().find(|slot| slot.t <= at);
    let Some(slot) = newest else {
        return format!("{} of {}: nothing was evaluated.", rule.signal.symptom(), labels.title());
    };
    let mut sentences = vec![finding(rule, labels, slot)];
    sentences.push(match slot.state {
        AlertState::Firing(firing)
            if records.is_some_and(|all| !all.iter().any(|alert| is_open(alert, slot.t))) =>
        {
            not_on_record(firing)
        }
        _ => standing(rule, slot),
    });
    if let (AlertState::Firing(_), Some(muted_by)) = (slot.state, slot.muted_by) {
        sentences.push(format!("It is muted: {}.", muted_by.in_words()));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

fn is_open(alert: &Alert, at: TimestampMs) -> bool {
    alert.fired_at <= at && alert.resolved_at.is_none_or(|resolved_at| resolved_at > at)
}

/// An alert that live evaluation does not have.
fn not_on_record(Firing { since, fired_at, severity, .. }: Firing) -> String {
    format!(
        "With all that is stored now, a {} alert fires at {} (the condition since {}), but no such alert is on \
         record: the data came after that time was evaluated, or it is evaluated next.",
        severity.as_str(),
        rfc3339(fired_at),
        rfc3339(since)
    )
}

/// What was found.
fn finding(rule: &Rule, labels: &GroupLabels, slot: &ExplainedSlot) -> String {
    let (what, who, at) = (rule.signal.symptom(), labels.title(), rfc3339(slot.t));
    let (Some(evidence), Some(comparison)) = (slot.evidence, slot.comparison) else {
        return format!("At {at} {}", nothing(rule, &what, &who));
    };
    let was = value(rule.signal.kind(), evidence.value);
    format!(
        "At {at} {what} for {who} was {was}{}: {}.",
        basis(rule, &evidence, &comparison),
        compared(rule, &evidence, &comparison)
    )
}

/// Why there is no evidence.
fn nothing(rule: &Rule, what: &str, who: &str) -> String {
    let window = rule.scan.as_ref().and_then(|scan| scan.windows_min.last());
    let window = duration(window.map_or(rule.window_ms, |min| i64::from(*min) * 60_000));
    match (&rule.signal, &rule.scan) {
        (Signal::Drop { .. }, _) => format!(
            "{what} for {who} could not be compared: less than one item is expected at this time, or too \
             little of the past is known."
        ),
        (Signal::Gauge { forecast_ms: Some(_), .. }, _) => {
            format!("there were too few values of {what} for {who} in {window} for a forecast.")
        }
        (Signal::Freshness { .. } | Signal::Absence { .. } | Signal::Run { .. }, _) => {
            format!("there was no data of {what} for {who} yet.")
        }
        (_, Some(_)) => format!(
            "there was no data of {what} for {who} in {window}, or none since its last alert resolved."
        ),
        _ => format!("there was no data of {what} for {who} in {window}."),
    }
}

fn basis(rule: &Rule, evidence: &Evidence, comparison: &Comparison) -> String {
    let within = match comparison.window_min {
        0 => String::new(),
        minutes => format!(" in {}", duration(i64::from(minutes) * 60_000)),
    };
    match &rule.signal {
        Signal::Ratio { .. } => {
            let bad = (evidence.value * evidence.count as f64).round();
            format!(" ({bad} of {}{within})", evidence.count)
        }
        Signal::Latency { .. } | Signal::Drop { .. } | Signal::Burn { .. } => {
            format!(" ({} items{within})", evidence.count)
        }
        _ => String::new(),
    }
}

/// The value compared with the threshold, and what decided.
fn compared(rule: &Rule, evidence: &Evidence, comparison: &Comparison) -> String {
    let beyond = if rule.fires_below() { "below" } else { "above" };
    let threshold = threshold(rule, evidence);
    match (evidence.gate, comparison.test) {
        (Gate::TooFew, _) => format!("fewer than {} items, which do not count", rule.min_count),
        (Gate::BelowThreshold, _) => format!("not {beyond} {threshold}"),
        (_, EvidenceTest::OpenAlert) => {
            format!("{beyond} {threshold}, which keeps the alert open")
        }
        (Gate::Passed, _) => {
            format!("{beyond} {threshold}{}", bound(rule, comparison, ", surely"))
        }
        (Gate::Uncertain, _) => {
            let bound = bound(rule, comparison, ": it is surely only");
            format!("{beyond} {threshold}, but that could be chance{bound}")
        }
        (Gate::Unproven, _) => {
            let bound = bound(rule, comparison, ", surely");
            format!("{beyond} {threshold}{bound}, but {}", unmet(rule, comparison.unmet))
        }
    }
}

/// The threshold, and what raised it above that of the rule.
fn threshold(rule: &Rule, evidence: &Evidence) -> String {
    let kind = rule.signal.kind();
    let shown = value(kind, evidence.threshold);
    let of_rule = rule.thresholds().map(|(_, threshold)| threshold);
    let written = of_rule.filter(|written| *written <= evidence.threshold).reduce(f64::max);
    match (rule.baseline, written) {
        (Some(baseline), Some(written)) if evidence.threshold > written => format!(
            "{shown} ({} times its baseline of {}, which is more than {})",
            baseline.times,
            value(kind, evidence.threshold / baseline.times),
            value(kind, written)
        ),
        _ => shown,
    }
}

/// The bound or the evidence that was compared, and with what.
fn bound(rule: &Rule, comparison: &Comparison, surely: &str) -> String {
    let kind = rule.signal.kind();
    let is_exact = matches!(
        kind,
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run | SignalKind::Gauge
    );
    let Comparison { compared, limit, .. } = *comparison;
    let beyond = if comparison.is_below { "below" } else { "above" };
    match (comparison.unit, comparison.test) {
        _ if is_exact || !compared.is_finite() => String::new(),
        (ComparedUnit::Nats, _) => format!(
            " ({compared:.1} nats of evidence that it is no chance, of {limit} that are required)"
        ),
        (ComparedUnit::Share, _) => {
            let percent = |share| value(SignalKind::Ratio, share);
            let (share, limit) = (percent(compared), percent(limit));
            format!("{surely} for {share} of the items, where {limit} is required")
        }
        (ComparedUnit::Signal, EvidenceTest::Scan) => format!(
            "{surely} {beyond} {}, where {} is required",
            value(kind, compared),
            value(kind, limit)
        ),
        (ComparedUnit::Signal, _) => format!("{surely} {beyond} {}", value(kind, compared)),
    }
}

/// The condition that is not met.
fn unmet(rule: &Rule, unmet: Option<Unmet>) -> String {
    let scan = rule.scan.as_ref();
    match unmet {
        Some(Unmet::BadMinutes) => {
            let minutes = scan.map_or(0, |scan| scan.bad_minutes);
            format!("fewer than {minutes} of its minutes are bad (`scan.bad_minutes`)")
        }
        Some(Unmet::Spread) => {
            let (few, span_min) = scan.map_or((0, 0), |scan| (scan.few, scan.few_span_min));
            let span = duration(i64::from(span_min) * 60_000);
            format!("fewer than {few} bad items, and within {span} (`scan.few`, `scan.few_span`)")
        }
        Some(Unmet::NewestPart) => "the newest fifth of the window is not".to_owned(),
        Some(Unmet::WorstMinutes) => "not without its two worst minutes".to_owned(),
        Some(Unmet::MinCount | Unmet::Threshold) | None => "that does not count".to_owned(),
    }
}

/// The state of the group, and what comes next.
fn standing(rule: &Rule, slot: &ExplainedSlot) -> String {
    let clear_ms = rule.clear_ms.max(rule.keep_firing_ms);
    match slot.state {
        AlertState::Inactive => {
            let is_active = rule.schedule.as_ref().is_none_or(|hours| hours.is_active(slot.t));
            let why = if is_active {
                ""
            } else {
                " The rule is not active at this time of its `schedule`."
            };
            format!("No alert is open.{why}")
        }
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
                None if slot
                    .evidence
                    .is_some_and(|it| it.reached.is_none() && rule.holds_at(it.value)) =>
                {
                    let level = rule.clear_level.unwrap_or_default();
                    let level = value(rule.signal.kind(), level);
                    format!(
                        "{open}; it stays open until the value reaches {level} (`clear.level`)."
                    )
                }
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
