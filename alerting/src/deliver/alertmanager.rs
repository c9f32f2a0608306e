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
use crate::delivery::{Action, Delivery};
use crate::rule::Texts;
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
pub(super) fn request(url: &str, delivery: &Delivery, texts: &Texts) -> Request {
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
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{alert, delivery_of};

    fn body(action: Action) -> Value {
        let at = alert().fired_at;
        let delivery = delivery_of(action, at, alert());
        let request = request("http://am.example:9093", &delivery, &Texts::default());
        assert_eq!(request.url, "http://am.example:9093/api/v2/alerts");
        serde_json::from_str(&request.body).unwrap()
    }

    #[test]
    fn beginning_and_end_are_the_same_alert_over_there() {
        let (open, ended) = (body(Action::Trigger), body(Action::Resolve));
        let labels = json!({"alertname": "partner-5xx", "owner": "integrations", "partner": "dhl"});
        assert_eq!((&open[0]["labels"], &ended[0]["labels"]), (&labels, &labels));
        assert_eq!(open[0]["startsAt"], "2026-11-20T20:00:00Z");
        assert_eq!(open[0]["endsAt"], "2026-12-20T20:05:00Z");
        assert_eq!(ended[0]["endsAt"], "2026-11-20T20:05:00Z");
        assert_eq!(open[0]["annotations"]["severity"], "critical");
    }
}
