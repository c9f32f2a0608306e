//! PagerDuty Events API v2: <https://developer.pagerduty.com/docs/send-alert-event>, and its change events:
//! <https://developer.pagerduty.com/docs/send-change-event>.

use std::collections::BTreeMap;

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::fit;
use super::http::{Answer, Request};
use super::template::Saying;
use super::text::partner;
use super::verdict::{self, Verdict};
use crate::delivery::{Action, Delivery};
use crate::limits::{LATE_PAGE_MS, PAGERDUTY_BODY_BYTES_MAX, PAGERDUTY_SUMMARY_CHARS_MAX};
use crate::rule::{Secret, Texts};
use crate::words::moment;

/// PagerDuty counts calls over a minute; an earlier retry meets the same limit.
const THROTTLED_WAIT_MS: i64 = 60_000;

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: &'a str,
    severity: &'static str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    group: &'a str,
    class: &'static str,
    custom_details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    /// What the receiver's own template says.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    value: f64,
    lower: f64,
    /// `null` when unknown.
    upper: f64,
    count: u64,
    threshold: f64,
    unit: &'static str,
    window_s: f64,
    labels: BTreeMap<&'static str, &'a str>,
    rule: &'a str,
    owner: &'a str,
    runbook: &'a str,
    alert_id: &'a str,
    pending_at: String,
    fired_at: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    trend: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    examples: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    also: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    first_steps: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    contacts: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    late_by_s: Option<i64>,
}

/// Something was changed: shown beside incidents, and nobody is paged.
#[derive(Serialize)]
struct ChangeEvent<'a> {
    routing_key: &'a str,
    payload: ChangePayload,
}

#[derive(Serialize)]
struct ChangePayload {
    summary: String,
    source: &'static str,
    timestamp: String,
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
    text: &'static str,
}

/// The request for a notification that is sent at `now`.
pub(super) fn request(
    url: &str,
    routing_key: &Secret,
    delivery: &Delivery,
    texts: &Texts,
    now: TimestampMs,
) -> Request {
    let (event_action, says_all) = match delivery.action {
        // What comes under an open key changes what is shown, and wakes nobody.
        Action::Trigger | Action::Escalate | Action::Update => ("trigger", true),
        Action::Acknowledge => ("acknowledge", false),
        Action::Resolve => ("resolve", false),
        Action::Change => {
            let body = super::json(&change(routing_key, delivery));
            return Request { url: format!("{url}/v2/change/enqueue"), headers: Vec::new(), body };
        }
    };
    let event = |delivery: &Delivery| {
        let saying = Saying::new(delivery, texts, now);
        super::json(&Event {
            routing_key: routing_key.expose(),
            event_action,
            dedup_key: delivery.alert.dedup_key(),
            payload: says_all.then(|| payload(delivery, &saying, now)),
            links: if says_all { links(delivery) } else { Vec::new() },
        })
    };
    let body = fit::fitting(delivery, event, |body| body.len() <= PAGERDUTY_BODY_BYTES_MAX);
    Request { url: format!("{url}/v2/enqueue"), headers: Vec::new(), body }
}

fn change<'a>(routing_key: &'a Secret, delivery: &Delivery) -> ChangeEvent<'a> {
    let summary = delivery.alert.symptom.chars().take(PAGERDUTY_SUMMARY_CHARS_MAX).collect();
    let payload = ChangePayload { summary, source: "plimsoll", timestamp: moment(delivery.at) };
    ChangeEvent { routing_key: routing_key.expose(), payload }
}

fn links(delivery: &Delivery) -> Vec<Link<'_>> {
    let (page, runbook) = (&delivery.page.links, delivery.alert.runbook.as_str());
    let is_url = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
    let named = [
        (page.runbook.as_deref().or(Some(runbook)), "Runbook"),
        (Some(page.dashboard.as_str()), "Dashboard"),
        (Some(page.explain.as_str()), "Why it fired"),
    ];
    named
        .into_iter()
        .filter_map(|(href, text)| Some(Link { href: href.filter(is_url)?, text }))
        .collect()
}

fn payload<'a>(delivery: &'a Delivery, saying: &'a Saying, now: TimestampMs) -> Payload<'a> {
    let alert = &delivery.alert;
    Payload {
        summary: saying.summary().chars().take(PAGERDUTY_SUMMARY_CHARS_MAX).collect(),
        source: partner(alert).unwrap_or("plimsoll"),
        severity: alert.severity.as_str(),
        timestamp: moment(delivery.at),
        component: partner(alert),
        group: &alert.rule,
        class: alert.signal.as_str(),
        custom_details: details(delivery, saying, now),
    }
}

fn details<'a>(delivery: &'a Delivery, saying: &'a Saying, now: TimestampMs) -> Details<'a> {
    let alert = &delivery.alert;
    let evidence = &alert.latest;
    let late_ms = now.since_ms(delivery.late_from());
    Details {
        text: saying.own_body(),
        value: evidence.value,
        lower: evidence.lower,
        upper: evidence.upper,
        count: evidence.count,
        threshold: evidence.threshold,
        unit: super::unit(alert.signal),
        window_s: alert.window_ms as f64 / 1e3,
        labels: alert.labels.iter().map(|(label, value)| (label.as_str(), value)).collect(),
        rule: &alert.rule,
        owner: &alert.owner,
        runbook: &alert.runbook,
        alert_id: &alert.id,
        pending_at: moment(alert.pending_at),
        fired_at: moment(alert.fired_at),
        trend: format!("{} {}", delivery.page.trend.spark, delivery.page.trend.words)
            .trim()
            .to_owned(),
        examples: &delivery.page.examples,
        also: delivery.page.which.get(1..).unwrap_or_default(),
        first_steps: &delivery.page.steps,
        contacts: &delivery.page.contacts,
        late_by_s: (late_ms > LATE_PAGE_MS).then_some(late_ms / 1_000),
    }
}

/// What the answer means; 202 is the usual one.
pub(super) fn classify(answer: &Answer) -> Verdict {
    match verdict::of_answer(answer) {
        Verdict::Throttled { after_ms: None, reason } => {
            Verdict::Throttled { after_ms: Some(THROTTLED_WAIT_MS), reason }
        }
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{alert, delivery_of};

    fn body(action: Action, late_ms: i64) -> Value {
        let at = alert().fired_at;
        let delivery = delivery_of(action, at, alert());
        let key = Secret::new("R0UT1NG");
        let request = request(
            "https://events.pagerduty.com",
            &key,
            &delivery,
            &Texts::default(),
            at.plus_ms(late_ms),
        );
        assert_eq!(request.url, "https://events.pagerduty.com/v2/enqueue");
        serde_json::from_str(&request.body).unwrap()
    }

    #[test]
    fn a_trigger_says_all_there_is_to_say() {
        let expected = json!({
            "routing_key": "R0UT1NG",
            "event_action": "trigger",
            "dedup_key": alert().dedup_key(),
            "payload": {
                "summary": "dhl: 5xx+timeout share of requests 12.5% > 5% (320 items in 5m), since 2026-11-20T20:00:00Z",
                "source": "dhl",
                "severity": "critical",
                "timestamp": "2026-11-20T20:05:00Z",
                "component": "dhl",
                "group": "partner-5xx",
                "class": "ratio",
                "custom_details": {
                    "value": 0.125, "lower": 0.07, "upper": 0.2, "count": 320, "threshold": 0.05,
                    "unit": "fraction", "window_s": 300.0, "labels": {"partner": "dhl"},
                    "rule": "partner-5xx", "owner": "integrations",
                    "runbook": "https://runbooks.example/partner-5xx", "alert_id": alert().id,
                    "pending_at": "2026-11-20T20:00:00Z", "fired_at": "2026-11-20T20:05:00Z",
                },
            },
            "links": [{"href": "https://runbooks.example/partner-5xx", "text": "Runbook"}],
        });
        assert_eq!(body(Action::Trigger, 5_000), expected);
        assert_eq!(body(Action::Escalate, 5_000), expected);
    }

    #[test]
    fn a_change_goes_where_changes_go() {
        let at = alert().fired_at;
        let notice =
            crate::alerts::Alert::notice("notice:release:2".into(), "Release 2".into(), at);
        let delivery = delivery_of(Action::Change, at, notice);
        let (url, key) = ("https://events.pagerduty.com", Secret::new("R0UT1NG"));
        let request = request(url, &key, &delivery, &Texts::default(), at);
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
    fn a_late_page_says_so() {
        let late = body(Action::Trigger, 180_000);
        assert_eq!(late["payload"]["custom_details"]["late_by_s"], 180);
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
        long.symptom = "ü".repeat(3_000);
        let delivery = delivery_of(Action::Trigger, long.fired_at, long);
        let texts = Texts::default();
        let request =
            request("https://x.example", &Secret::new("k"), &delivery, &texts, delivery.at);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let summary = body["payload"]["summary"].as_str().unwrap();
        assert_eq!(summary.chars().count(), PAGERDUTY_SUMMARY_CHARS_MAX);
    }

    #[test]
    fn a_throttled_event_waits_for_minutes() {
        let answer =
            |status, retry_after_ms| Answer { status, retry_after_ms, body: String::new() };
        let waits = |answer| match classify(&answer) {
            Verdict::Throttled { after_ms, .. } | Verdict::Failed { after_ms, .. } => after_ms,
            verdict => panic!("{verdict:?}"),
        };
        assert_eq!(waits(answer(429, None)), Some(60_000));
        assert_eq!(waits(answer(429, Some(5_000))), Some(5_000));
        assert_eq!(waits(answer(503, None)), None);
        assert_eq!(classify(&answer(202, None)), Verdict::Delivered);
    }
}
