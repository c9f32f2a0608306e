use serde_json::{Value, json};

use super::*;
use crate::message::samples::{Cause, sample};
use crate::rule::{Receiver, Target};
use crate::testing::{alert, delivery_of};

fn target() -> PagerDutyTarget {
    let (url, routing_key) = ("https://events.pagerduty.com".into(), Secret::new("R0UT1NG"));
    PagerDutyTarget { url, routing_key }
}

fn body(action: Action, late_ms: i64) -> Value {
    let at = alert().fired_at;
    let delivery = delivery_of(action, at, alert());
    let now = at.plus_ms(late_ms);
    let request = target().request(&delivery, &MessageTemplates::default(), now);
    assert_eq!(request.url, "https://events.pagerduty.com/v2/enqueue");
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn a_trigger_has_all_fields() {
    let mut expected = json!({
        "routing_key": "R0UT1NG",
        "event_action": "trigger",
        "dedup_key": alert().dedup_key(),
        "client": "Plimsoll",
        "payload": {
            "summary": "dhl: 5xx and timeouts on 12.5% of requests (320 items in 5m, limit 5%) since 20:00 UTC",
            "source": "dhl",
            "severity": "critical",
            "timestamp": "2026-11-20T20:05:00Z",
            "component": "dhl",
            "group": "partner-5xx",
            "class": "ratio",
            "custom_details": {
                "What": "5xx+timeout share of requests",
                "Since": "2026-11-20T20:00:00Z",
                "How bad": "12.5% of 320 items in 5m, surely above 7%; critical from 5% on",
                "Rule": "partner-5xx, owned by integrations",
                "data": {
                    "value": 0.125, "lower": 0.07, "upper": 0.2, "count": 320, "threshold": 0.05,
                    "unit": "fraction", "window_s": 300.0, "labels": {"partner": "dhl"},
                    "rule": "partner-5xx", "rule_labels": {}, "owner": "integrations",
                    "runbook": "https://runbooks.example/partner-5xx", "alert_id": alert().id,
                    "onset_at": "2026-11-20T20:00:00Z", "pending_at": "2026-11-20T20:00:00Z",
                    "fired_at": "2026-11-20T20:05:00Z",
                },
            },
        },
        "links": [{"href": "https://runbooks.example/partner-5xx", "text": "Runbook"}],
    });
    assert_eq!(body(Action::Trigger, 5_000), expected);
    let line =
        "dhl: 5xx and timeouts on 12.5% of requests (320 items in 5m, limit 5%) since 20:00 UTC";
    expected["payload"]["summary"] = json!(format!("{line}; now critical"));
    assert_eq!(body(Action::Escalate, 5_000), expected);
}

#[test]
fn a_change_is_sent_to_the_change_endpoint() {
    let at = alert().fired_at;
    let notice =
        crate::records::alerts::Alert::notice("notice:release:2".into(), "Release 2".into(), at);
    let delivery = delivery_of(Action::Change, at, notice);
    let request = target().request(&delivery, &MessageTemplates::default(), at);
    assert_eq!(request.url, "https://events.pagerduty.com/v2/change/enqueue");
    let expected = json!({
        "routing_key": "R0UT1NG",
        "payload": {
            "summary": "Release 2", "source": "plimsoll", "timestamp": "2026-11-20T20:05:00Z",
        },
    });
    assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), expected);
}

#[test]
fn a_late_trigger_has_its_delay() {
    let late = body(Action::Trigger, 180_000);
    let details = &late["payload"]["custom_details"];
    assert_eq!((&details["data"]["late_by_s"], &details["Late"]), (&json!(180), &json!("3m")));
}

#[test]
fn a_resolve_needs_only_the_key() {
    let expected = json!({
        "routing_key": "R0UT1NG", "event_action": "resolve", "dedup_key": alert().dedup_key(),
    });
    assert_eq!(body(Action::Resolve, 0), expected);
}

#[test]
fn an_acknowledgement_needs_only_the_key() {
    let expected = json!({
        "routing_key": "R0UT1NG", "event_action": "acknowledge",
        "dedup_key": alert().dedup_key(),
    });
    assert_eq!(body(Action::Acknowledge, 0), expected);
}

#[test]
fn the_summary_is_cut_at_its_limit() {
    let mut long = alert();
    long.owner = "ü".repeat(3_000);
    let mut delivery = delivery_of(Action::Trigger, long.fired_at, long);
    delivery.content.headline = "ü".repeat(3_000);
    let request = target().request(&delivery, &MessageTemplates::default(), delivery.at);
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let summary = body["payload"]["summary"].as_str().unwrap();
    assert_eq!(summary.chars().count(), PAGERDUTY_SUMMARY_CHARS_MAX);
}

#[test]
fn a_throttled_event_waits_for_a_minute() {
    let answer = |status, retry_after_ms| Answer { status, retry_after_ms, body: String::new() };
    let waits = |answer| match target().outcome(&answer) {
        AttemptOutcome::Throttled { after_ms, .. } | AttemptOutcome::Failed { after_ms, .. } => {
            after_ms
        }
        outcome => panic!("{outcome:?}"),
    };
    assert_eq!(waits(answer(429, None)), Some(60_000));
    assert_eq!(waits(answer(429, Some(5_000))), Some(5_000));
    assert_eq!(waits(answer(503, None)), None);
    assert_eq!(target().outcome(&answer(202, None)), AttemptOutcome::Delivered);
}

/// The limits of <https://developer.pagerduty.com/docs/send-alert-event>.
#[test]
fn every_cause_is_a_valid_event() {
    let receiver = Receiver::new("oncall".into(), Target::PagerDuty(target()));
    for cause in Cause::ALL {
        let delivery = sample(cause, &receiver, "https://p.example", alert().fired_at);
        let request = target().request(&delivery, &MessageTemplates::default(), delivery.at);
        assert!(request.body.len() <= PAGERDUTY_BODY_BYTES_MAX, "{cause:?}");
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        assert!((1..=255).contains(&text("/dedup_key").len()), "{cause:?}: {body}");
        if text("/event_action") == "resolve" {
            assert!(body.get("payload").is_none(), "{cause:?}: {body}");
            continue;
        }
        assert_eq!(text("/event_action"), "trigger", "{cause:?}");
        let length = text("/payload/summary").chars().count();
        assert!((1..=PAGERDUTY_SUMMARY_CHARS_MAX).contains(&length), "{cause:?}: {body}");
        assert!(!text("/payload/source").is_empty(), "{cause:?}: {body}");
        assert!(["critical", "warning"].contains(&text("/payload/severity")), "{cause:?}");
        for link in body["links"].as_array().into_iter().flatten() {
            let href = link["href"].as_str().unwrap();
            assert!(href.starts_with("https://") && href.len() <= 2_048, "{cause:?}: {href}");
        }
    }
}
