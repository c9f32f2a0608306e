use serde_json::{Value, json};

use super::*;
use crate::testing::{alert, delivery_of};

fn body(action: Action) -> Value {
    let at = alert().fired_at;
    let delivery = delivery_of(action, at, alert());
    let target = AlertmanagerTarget { url: "http://am.example:9093".into() };
    let request = target.request(&delivery, &MessageTemplates::default(), at);
    assert_eq!(request.url, "http://am.example:9093/api/v2/alerts");
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn trigger_and_resolve_have_the_same_labels() {
    let (open, ended) = (body(Action::Trigger), body(Action::Resolve));
    let labels = json!({"alertname": "partner-5xx", "owner": "integrations", "partner": "dhl"});
    assert_eq!((&open[0]["labels"], &ended[0]["labels"]), (&labels, &labels));
    assert_eq!(open[0]["startsAt"], "2026-11-20T20:00:00Z");
    assert_eq!(open[0]["endsAt"], "2026-12-20T20:05:00Z");
    assert_eq!(ended[0]["endsAt"], "2026-11-20T20:05:00Z");
    assert_eq!(open[0]["annotations"]["severity"], "critical");
}
