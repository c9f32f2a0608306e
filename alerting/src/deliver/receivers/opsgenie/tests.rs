use reqwest::Method;
use serde_json::Value;

use super::*;
use crate::deliver::receivers::tests::hostile;
use crate::rule::Secret;
use crate::testing::{alert, delivery_of};

fn target() -> OpsgenieTarget {
    OpsgenieTarget { url: "https://api.eu.opsgenie.com".into(), api_key: Secret::new("k-1") }
}

/// The calls of a delivery: the method, the path behind the host, the body.
fn calls(delivery: &Delivery) -> Vec<(Method, String, Value)> {
    let templates = MessageTemplates::default();
    let first = target().request(delivery, &templates, delivery.at);
    let more = target().follow_ups(delivery, &templates, delivery.at);
    let call = |request: Request| {
        assert_eq!(request.headers, [("authorization", "GenieKey k-1".to_owned())]);
        let path = request.url.strip_prefix("https://api.eu.opsgenie.com").unwrap().to_owned();
        (request.method, path, serde_json::from_str(&request.body).unwrap())
    };
    std::iter::once(first).chain(more).map(call).collect()
}

fn of(action: Action) -> Vec<(Method, String, Value)> {
    calls(&delivery_of(action, alert().fired_at, alert()))
}

#[test]
fn a_trigger_creates_an_alert_that_later_calls_name_by_its_alias() {
    let [(method, path, body)] = &of(Action::Trigger)[..] else { panic!("one call") };
    assert_eq!((method, path.as_str()), (&Method::POST, "/v2/alerts"));
    let alias = body["alias"].as_str().unwrap();
    assert_eq!((alias, &body["priority"]), (alert().dedup_key().as_str(), &json!("P1")));
    assert_eq!((&body["entity"], &body["source"]), (&json!("dhl"), &json!("plimsoll")));
    assert!(body["message"].as_str().unwrap().starts_with("dhl: 5xx and timeouts on 12.5%"));
    assert_eq!(body["tags"], json!(["critical", "rule:partner-5xx", "partner:dhl"]));
    assert_eq!(body["details"]["alert_id"], json!(alert().id));
    for (action, part) in [(Action::Resolve, "close"), (Action::Acknowledge, "acknowledge")] {
        let [(method, path, _)] = &of(action)[..] else { panic!("one call") };
        assert_eq!(method, Method::POST);
        assert_eq!(*path, format!("/v2/alerts/{alias}/{part}?identifierType=alias"));
    }
}

#[test]
fn an_alert_that_becomes_critical_is_created_and_raised() {
    let found = of(Action::Escalate);
    let calls: Vec<_> = found.iter().map(|(method, path, _)| (method.as_str(), path)).collect();
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert_eq!(calls[0], ("POST", &"/v2/alerts".to_owned()));
    assert!(calls[1].0 == "PUT" && calls[1].1.contains("/priority?"), "{calls:?}");
    assert!(calls[2].0 == "PUT" && calls[2].1.contains("/message?"), "{calls:?}");
    assert_eq!(found[1].2, json!({ "priority": "P1" }));
    let update = of(Action::Update);
    assert!(update[0].1.contains("/notes?") && update[1].1.contains("/message?"), "{update:?}");
}

#[test]
fn every_field_is_within_its_limit() {
    let mut delivery = hostile();
    delivery.alert.runbook = "ü".repeat(4_000);
    let content = &mut delivery.content;
    content.headline = "🦀".repeat(4_000);
    content.contacts = vec!["c".repeat(20_000)];
    content.rule_labels =
        (0..40).map(|n| (format!("{n}{}", "n".repeat(300)), "v".repeat(4_000))).collect();
    let [(_, _, body)] = &calls(&delivery)[..] else { panic!("one call") };
    let text = |value: &Value| length(value.as_str().unwrap());
    assert!(text(&body["message"]) <= 130 && text(&body["alias"]) <= 512);
    assert!(text(&body["description"]) <= 15_000 && text(&body["entity"]) <= 512);
    let tags = body["tags"].as_array().unwrap();
    assert!(tags.len() <= 20 && tags.iter().all(|tag| text(tag) <= 50), "{tags:?}");
    let details = body["details"].as_object().unwrap();
    let chars: usize = details.iter().map(|(name, value)| length(name) + text(value)).sum();
    assert!(chars <= 8_000, "{chars}");
}
