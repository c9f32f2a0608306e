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
use crate::limits::LATE_PAGE_MS;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, Secret};
use crate::words::moment;

/// PagerDuty's bound on `payload.summary`, in characters.
/// <https://developer.pagerduty.com/docs/send-alert-event>
const PAGERDUTY_SUMMARY_CHARS_MAX: usize = 1_024;
/// PagerDuty's bound on an event, in bytes.
pub(super) const PAGERDUTY_BODY_BYTES_MAX: usize = 512_000;

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
    texts: &MessageTemplates,
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
mod tests;
