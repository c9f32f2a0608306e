//! PagerDuty Events API v2: <https://developer.pagerduty.com/docs/send-alert-event>, and its change events:
//! <https://developer.pagerduty.com/docs/send-change-event>.

use std::collections::BTreeMap;

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::HttpReceiver;
use crate::deliver::exchange::http::{self, Answer, Request};
use crate::deliver::exchange::outcome::AttemptOutcome;
use crate::limits::LATE_PAGE_MS;
use crate::message::fit;
use crate::message::render::RenderedMessage;
use crate::message::summary::partner;
use crate::message::units::{self, rfc3339};
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, PagerDutyTarget, Secret};

/// PagerDuty's limit on `payload.summary`, in characters.
/// <https://developer.pagerduty.com/docs/send-alert-event>
const PAGERDUTY_SUMMARY_CHARS_MAX: usize = 1_024;
/// PagerDuty's limit on an event, in bytes.
pub(super) const PAGERDUTY_BODY_BYTES_MAX: usize = 512_000;

/// PagerDuty counts calls over a minute; an earlier retry would be rejected again.
const THROTTLED_WAIT_MS: i64 = 60_000;

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
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

/// What PagerDuty shows as a table, in this order: words first, numbers for programs under one key.
#[derive(Serialize)]
struct Details<'a> {
    /// The text of the receiver's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(rename = "What", skip_serializing_if = "str::is_empty")]
    what: &'a str,
    #[serde(rename = "Where", skip_serializing_if = "<[_]>::is_empty")]
    place: &'a [String],
    #[serde(rename = "Since")]
    since: String,
    #[serde(rename = "How bad", skip_serializing_if = "str::is_empty")]
    how_bad: &'a str,
    #[serde(rename = "Trend", skip_serializing_if = "str::is_empty")]
    trend: String,
    #[serde(rename = "Examples", skip_serializing_if = "<[_]>::is_empty")]
    examples: &'a [String],
    #[serde(rename = "Also", skip_serializing_if = "<[_]>::is_empty")]
    also: &'a [String],
    #[serde(rename = "Do first", skip_serializing_if = "<[_]>::is_empty")]
    steps: &'a [String],
    #[serde(rename = "Contacts", skip_serializing_if = "<[_]>::is_empty")]
    contacts: &'a [String],
    #[serde(rename = "Notified", skip_serializing_if = "<[_]>::is_empty")]
    notified: &'a [String],
    #[serde(rename = "Late", skip_serializing_if = "Option::is_none")]
    late: Option<String>,
    #[serde(rename = "Rule")]
    rule: String,
    #[serde(rename = "Alert", skip_serializing_if = "str::is_empty")]
    alert: &'a str,
    data: Data<'a>,
}

/// The alert for programs.
#[derive(Serialize)]
struct Data<'a> {
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
    rule_labels: &'a BTreeMap<String, String>,
    owner: &'a str,
    runbook: &'a str,
    alert_id: &'a str,
    onset_at: String,
    pending_at: String,
    fired_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    late_by_s: Option<i64>,
}

/// A change, such as a release: shown beside incidents without notifying anyone.
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

impl HttpReceiver for PagerDutyTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let (event_action, has_payload) = match delivery.action {
            // A trigger with the key of an open incident updates it without notifying anyone again.
            Action::Trigger | Action::Escalate | Action::Update => ("trigger", true),
            Action::Acknowledge => ("acknowledge", false),
            Action::Resolve => ("resolve", false),
            Action::Change => {
                let body = http::json(&change(&self.routing_key, delivery));
                return Request::post(format!("{}/v2/change/enqueue", self.url), body);
            }
        };
        let event = |delivery: &Delivery| {
            let message = RenderedMessage::new(delivery, templates, now);
            http::json(&Event {
                routing_key: self.routing_key.expose(),
                event_action,
                dedup_key: delivery.alert.dedup_key(),
                client: has_payload.then_some("Plimsoll"),
                client_url: Some(delivery.content.links.dashboard.as_str())
                    .filter(|url| has_payload && !url.is_empty()),
                payload: has_payload.then(|| payload(delivery, &message, now)),
                links: if has_payload { links(delivery) } else { Vec::new() },
            })
        };
        let body = fit::fitting(delivery, event, |body| body.len() <= PAGERDUTY_BODY_BYTES_MAX);
        Request::post(format!("{}/v2/enqueue", self.url), body)
    }

    /// Classifies the answer; 202 means success.
    fn outcome(&self, answer: &Answer) -> AttemptOutcome {
        match AttemptOutcome::of(answer) {
            AttemptOutcome::Throttled { after_ms: None, reason } => {
                AttemptOutcome::Throttled { after_ms: Some(THROTTLED_WAIT_MS), reason }
            }
            outcome => outcome,
        }
    }
}

fn change<'a>(routing_key: &'a Secret, delivery: &Delivery) -> ChangeEvent<'a> {
    let summary = delivery.alert.symptom.chars().take(PAGERDUTY_SUMMARY_CHARS_MAX).collect();
    let payload = ChangePayload { summary, source: "plimsoll", timestamp: rfc3339(delivery.at) };
    ChangeEvent { routing_key: routing_key.expose(), payload }
}

fn links(delivery: &Delivery) -> Vec<Link<'_>> {
    let (links, runbook) = (&delivery.content.links, delivery.alert.runbook.as_str());
    let is_url = |text: &&str| text.starts_with("https://") || text.starts_with("http://");
    let named = [
        (links.runbook.as_deref().or(Some(runbook)), "Runbook"),
        (Some(links.dashboard.as_str()), "Dashboard"),
        (Some(links.explain.as_str()), "Why it fired"),
    ];
    named
        .into_iter()
        .filter_map(|(href, text)| Some(Link { href: href.filter(is_url)?, text }))
        .collect()
}

fn payload<'a>(
    delivery: &'a Delivery,
    message: &'a RenderedMessage,
    now: TimestampMs,
) -> Payload<'a> {
    let alert = &delivery.alert;
    Payload {
        summary: message.summary().chars().take(PAGERDUTY_SUMMARY_CHARS_MAX).collect(),
        source: partner(alert).unwrap_or("plimsoll"),
        severity: alert.severity.as_str(),
        timestamp: rfc3339(delivery.at),
        component: partner(alert),
        group: &alert.rule,
        class: alert.signal.as_str(),
        custom_details: details(delivery, message, now),
    }
}

fn details<'a>(
    delivery: &'a Delivery,
    message: &'a RenderedMessage,
    now: TimestampMs,
) -> Details<'a> {
    let (alert, content) = (&delivery.alert, &delivery.content);
    let evidence = &alert.latest;
    let late_ms = now.since_ms(delivery.late_from());
    Details {
        text: message.custom_body(),
        what: &content.what,
        place: &content.place,
        since: rfc3339(TimestampMs(content.onset_ms)),
        how_bad: &content.how_bad,
        trend: format!("{} {}", content.trend.spark, content.trend.text).trim().to_owned(),
        examples: &content.exemplars,
        also: content.which.get(1..).unwrap_or_default(),
        steps: &content.steps,
        contacts: &content.contacts,
        notified: &content.notified,
        late: message.late(),
        rule: format!("{}, owned by {}", alert.rule, alert.owner),
        alert: &content.links.alert,
        data: Data {
            value: evidence.value,
            lower: evidence.lower,
            upper: evidence.upper,
            count: evidence.count,
            threshold: evidence.threshold,
            unit: units::unit(alert.signal),
            window_s: alert.window_ms as f64 / 1e3,
            labels: alert.labels.iter().map(|(label, value)| (label.as_str(), value)).collect(),
            rule: &alert.rule,
            rule_labels: &content.rule_labels,
            owner: &alert.owner,
            runbook: &alert.runbook,
            alert_id: &alert.id,
            onset_at: rfc3339(TimestampMs(content.onset_ms)),
            pending_at: rfc3339(alert.pending_at),
            fired_at: rfc3339(alert.fired_at),
            late_by_s: (late_ms > LATE_PAGE_MS).then_some(late_ms / 1_000),
        },
    }
}

#[cfg(test)]
mod tests;
