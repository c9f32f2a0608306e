//! The summary of a notification: one line with its numbers and times.

use plimsoll_storage::Label;

use super::units::{self, duration, rfc3339};
use crate::records::alerts::Alert;
use crate::records::delivery::{Action, Delivery};
use crate::rule::SignalKind;

/// The one line: the group, the symptom, the value, the number of items, and since when.
pub(crate) fn summary(delivery: &Delivery) -> String {
    let alert = &delivery.alert;
    if alert.is_notice() {
        return alert.symptom.clone();
    }
    let who = alert.labels.title();
    if delivery.action == Action::Resolve {
        let open_ms = delivery.at.since_ms(alert.pending_at);
        return format!("{who}: {} is back to normal after {}", alert.symptom, duration(open_ms));
    }
    let evidence = &alert.latest;
    let value = units::value(alert.signal, evidence.value);
    let threshold = units::value(alert.signal, evidence.threshold);
    let basis = match alert.signal {
        SignalKind::Freshness | SignalKind::Absence | SignalKind::Run | SignalKind::Gauge => {
            String::new()
        }
        SignalKind::Ratio | SignalKind::Latency | SignalKind::Drop | SignalKind::Burn => {
            format!(" ({} items in {})", evidence.count, duration(alert.window_ms))
        }
    };
    let since = rfc3339(alert.pending_at);
    let sign = if evidence.value < evidence.threshold { '<' } else { '>' };
    format!("{who}: {} {value} {sign} {threshold}{basis}, since {since}", alert.symptom)
}

/// The partner an alert is about, when it is about one.
pub(crate) fn partner(alert: &Alert) -> Option<&str> {
    alert.labels.get(Label::Partner).filter(|partner| !partner.is_empty())
}

#[cfg(test)]
mod tests;
