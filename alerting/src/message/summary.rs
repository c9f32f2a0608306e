//! The summary of a notification: one line with its numbers and times.

use plimsoll_storage::Label;

use crate::records::alerts::Alert;
use crate::records::delivery::Delivery;

/// The one line: who, what, how bad and since when, or how it ended.
pub(crate) fn summary(delivery: &Delivery) -> String {
    let (alert, content) = (&delivery.alert, &delivery.content);
    if alert.is_notice() { alert.symptom.clone() } else { content.headline.clone() }
}

/// The partner an alert is about, when it is about one.
pub(crate) fn partner(alert: &Alert) -> Option<&str> {
    alert.labels.get(Label::Partner).filter(|partner| !partner.is_empty())
}

#[cfg(test)]
mod tests;
