//! Alertmanager, API v2:
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.
//!
//! Other clients of Alertmanager repeat an alert for as long as it is open. This one sends it once, with an
//! end time far ahead, and sends the true end time with the resolve. An Alertmanager that loses its
//! state forgets the alert.

use std::collections::BTreeMap;

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::HttpReceiver;
use crate::deliver::exchange::http::{self, Request};
use crate::message::render::RenderedMessage;
use crate::message::units::rfc3339;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{AlertmanagerTarget, MessageTemplates};

/// How far ahead the end time of an open alert is, in ms.
const OPEN_MS: i64 = 30 * 24 * 3_600_000;

#[derive(Serialize)]
struct PostableAlert<'a> {
    labels: BTreeMap<&'static str, &'a str>,
    annotations: BTreeMap<&'static str, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt")]
    ends_at: String,
}

impl HttpReceiver for AlertmanagerTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        _: TimestampMs,
    ) -> Request {
        let alert = &delivery.alert;
        // Labels identify an alert in Alertmanager: values that change while it is open are annotations.
        let mut labels: BTreeMap<&'static str, &str> =
            alert.labels.iter().map(|(label, value)| (label.as_str(), value)).collect();
        labels.insert("alertname", &alert.rule);
        labels.insert("owner", &alert.owner);
        // The delay is left out: annotations stay the same over attempts.
        let message = RenderedMessage::new(delivery, templates, delivery.at);
        let mut annotations = BTreeMap::from([
            ("summary", message.summary().to_owned()),
            ("severity", alert.severity.as_str().to_owned()),
            ("runbook", alert.runbook.clone()),
            ("alert_id", alert.id.clone()),
        ]);
        let description = message.custom_body().map(|text| ("description", text.to_owned()));
        annotations.extend(description);
        if !delivery.content.exemplars.is_empty() {
            annotations.insert("examples", delivery.content.exemplars.join("\n"));
        }
        let ends_at = match delivery.action {
            Action::Resolve => delivery.at,
            _ => delivery.at.plus_ms(OPEN_MS),
        };
        let alerts = [PostableAlert {
            labels,
            annotations,
            starts_at: rfc3339(alert.pending_at),
            ends_at: rfc3339(ends_at),
        }];
        let url = format!("{}/api/v2/alerts", self.url);
        Request { url, headers: Vec::new(), body: http::json(&alerts) }
    }
}

#[cfg(test)]
mod tests;
