//! Pushing into an Alertmanager that is there already, API v2:
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.
//!
//! Its clients repeat an alert for as long as it lasts. We tell it once, with an end that lies far
//! ahead, and tell the true end when it comes. An Alertmanager that loses its memory forgets it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::http::{Answer, Request};
use super::template::Saying;
use super::verdict::{self, Verdict};
use crate::records::delivery::{Action, Delivery};
use crate::rule::MessageTemplates;
use crate::words::moment;

/// How far ahead the end of an open alert is said to lie, in ms.
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

/// The request for a delivery.
pub(super) fn request(url: &str, delivery: &Delivery, texts: &MessageTemplates) -> Request {
    let alert = &delivery.alert;
    // Labels identify an alert over there, so that nothing that changes while it is open is one.
    let mut labels: BTreeMap<&'static str, &str> =
        alert.labels.iter().map(|(label, value)| (label.as_str(), value)).collect();
    labels.insert("alertname", &alert.rule);
    labels.insert("owner", &alert.owner);
    let saying = Saying::new(delivery, texts, delivery.at);
    let mut annotations = BTreeMap::from([
        ("summary", saying.summary().to_owned()),
        ("severity", alert.severity.as_str().to_owned()),
        ("runbook", alert.runbook.clone()),
        ("alert_id", alert.id.clone()),
    ]);
    let description = saying.own_body().map(|text| ("description", text.to_owned()));
    annotations.extend(description);
    if !delivery.page.examples.is_empty() {
        annotations.insert("examples", delivery.page.examples.join("\n"));
    }
    let ends_at = match delivery.action {
        Action::Resolve => delivery.at,
        _ => delivery.at.plus_ms(OPEN_MS),
    };
    let alerts = [PostableAlert {
        labels,
        annotations,
        starts_at: moment(alert.pending_at),
        ends_at: moment(ends_at),
    }];
    let url = format!("{url}/api/v2/alerts");
    Request { url, headers: Vec::new(), body: super::json(&alerts) }
}

/// What the answer means; 200 is the usual one.
pub(super) fn classify(answer: &Answer) -> Verdict {
    verdict::of_answer(answer)
}

#[cfg(test)]
mod tests;
