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
fn an_alert_has_its_severity_as_a_label_and_ends_under_each() {
    let (open, ended) = (body(Action::Trigger), body(Action::Resolve));
    let labels = |severity: &str| {
        json!({
            "alertname": "partner-5xx", "owner": "integrations", "partner": "dhl",
            "severity": severity,
        })
    };
    assert_eq!(open.as_array().unwrap().len(), 1);
    assert_eq!(open[0]["labels"], labels("critical"));
    assert_eq!(open[0]["startsAt"], "2026-11-20T20:00:00Z");
    assert_eq!(open[0]["endsAt"], "2026-11-20T20:15:00Z");
    assert_eq!(ended[0]["labels"], labels("warning"));
    assert_eq!(ended[1]["labels"], labels("critical"));
    for one in ended.as_array().unwrap() {
        assert_eq!(one["endsAt"], "2026-11-20T20:05:00Z");
    }
}

#[test]
fn an_alert_that_became_critical_ends_as_a_warning() {
    let body = body(Action::Escalate);
    assert_eq!(body[0]["labels"]["severity"], "warning");
    assert_eq!(body[0]["endsAt"], "2026-11-20T20:05:00Z");
    assert_eq!(body[1]["labels"]["severity"], "critical");
    assert_eq!(body[1]["endsAt"], "2026-11-20T20:15:00Z");
}

#[test]
fn annotations_have_what_a_message_needs_and_labels_those_of_the_rule() {
    let at = alert().fired_at;
    let mut delivery = delivery_of(Action::Trigger, at, alert());
    let content = &mut delivery.content;
    content.links.runbook = Some("https://p.example/runbooks/partner-5xx".into());
    content.links.dashboard = "https://p.example/partners/dhl".into();
    content.place = vec!["site ams1: all of it".into()];
    let names = ["team", "severity", "bad name", "9"];
    content.rule_labels = names.map(|name| (name.to_owned(), "x".to_owned())).into();
    let target = AlertmanagerTarget { url: "http://am.example:9093".into() };
    let request = target.request(&delivery, &MessageTemplates::default(), at);
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let annotations = &body[0]["annotations"];
    assert_eq!(annotations["runbook_url"], "https://p.example/runbooks/partner-5xx");
    assert_eq!(annotations["dashboard_url"], "https://p.example/partners/dhl");
    let description = annotations["description"].as_str().unwrap();
    assert!(description.ends_with("\nsite ams1: all of it"), "{description}");
    let labels: Vec<_> = body[0]["labels"].as_object().unwrap().keys().collect();
    assert_eq!(labels, ["alertname", "owner", "partner", "severity", "team"]);
    assert_eq!(body[0]["labels"]["severity"], "critical");
}

#[test]
fn a_repetition_has_all_open_alerts_with_a_new_end() {
    let at = alert().fired_at;
    let mut other = alert();
    other.severity = Severity::Warning;
    let open = [(Action::Escalate, alert()), (Action::Update, other)];
    let open = open.map(|(action, alert)| delivery_of(action, at, alert));
    let target = AlertmanagerTarget { url: "http://am.example:9093".into() };
    let later = at.plus_ms(3_600_000);
    let request = target.repetition(&open, &MessageTemplates::default(), later).unwrap();
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let found: Vec<_> = body
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| {
            (alert["labels"]["severity"].as_str().unwrap(), alert["endsAt"].as_str().unwrap())
        })
        .collect();
    let end = "2026-11-20T21:15:00Z";
    assert_eq!(
        found,
        [("critical", end), ("warning", end)],
        "the warning of an escalated alert has ended"
    );
}
