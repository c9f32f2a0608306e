//! The summary of a notification: one line with its numbers and times, and what to do first.

use plimsoll_storage::Label;

use crate::records::alerts::Alert;
use crate::records::delivery::{Action, Delivery};

/// The one line: who, what, how bad, since when and what to do first, or how it ended.
pub(crate) fn summary(delivery: &Delivery) -> String {
    let mut line = subject(delivery);
    // A step of a runbook has its commands on further lines.
    let step = delivery.content.steps.first().and_then(|step| step.lines().next());
    if let Some(step) = step.filter(|_| delivery.alert.is_open()) {
        line += &format!(". First: {}", lower_first(step.trim_end_matches('.')));
    }
    line
}

/// The same without what to do first.
pub(crate) fn subject(delivery: &Delivery) -> String {
    let (alert, content) = (&delivery.alert, &delivery.content);
    if alert.is_notice() {
        return alert.symptom.clone();
    }
    let mut line = content.headline.clone();
    if delivery.action == Action::Escalate {
        line += "; now critical";
    }
    match &content.muted_by {
        Some(reason) if delivery.action.begins() => line + "; " + reason,
        _ => line,
    }
}

/// A sentence that continues another one.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The partner an alert is about, when it is about one.
pub(crate) fn partner(alert: &Alert) -> Option<&str> {
    alert.labels.get(Label::Partner).filter(|partner| !partner.is_empty())
}

#[cfg(test)]
mod tests;
