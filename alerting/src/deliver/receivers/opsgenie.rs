//! Opsgenie, Alert API: <https://docs.opsgenie.com/docs/alert-api>. Jira Service Management takes the same
//! calls below `https://api.atlassian.com/jsm/ops/integration`.
//!
//! Opsgenie knows an alert by its `alias`, which is the dedup key. It counts a second creation under the
//! alias of an open alert and changes nothing, so what becomes worse is also changed field by field. Answers
//! are 202: a call is carried out later. Limits: `message` 130 characters, `alias` 512, `description` 15,000,
//! `entity` 512, 20 `tags` of 50, `details` 8,000 in all, `note` 25,000.

use std::collections::BTreeMap;

use plimsoll_storage::TimestampMs;
use serde::Serialize;
use serde_json::json;

use super::HttpReceiver;
use super::parts::{self, PLAIN, Parts, cut, length};
use crate::deliver::exchange::http::{self, Request};
use crate::message::content::url_encoded;
use crate::message::render::RenderedMessage;
use crate::message::summary::partner;
use crate::message::units::{self, rfc3339};
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, OpsgenieTarget, Severity};

const MESSAGE_CHARS_MAX: usize = 130;
const DESCRIPTION_CHARS_MAX: usize = 15_000;
const ENTITY_CHARS_MAX: usize = 512;
const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 50;
/// Characters of a value in `details`: all of them together have 8,000 at most.
const DETAIL_CHARS_MAX: usize = 200;
/// Values in `details`, with names of up to 100 characters.
const DETAILS_MAX: usize = 25;
const _: () = assert!(DETAILS_MAX * (DETAIL_CHARS_MAX + DETAIL_NAME_CHARS_MAX) <= 8_000);
const DETAIL_NAME_CHARS_MAX: usize = 100;
const NOTE_CHARS_MAX: usize = 25_000;

/// Who acts, as Opsgenie shows it.
const SOURCE: &str = "plimsoll";

#[derive(Serialize)]
struct NewAlert {
    message: String,
    alias: String,
    description: String,
    tags: Vec<String>,
    details: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    entity: String,
    source: &'static str,
    priority: &'static str,
}

impl HttpReceiver for OpsgenieTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let note = || {
            let message = RenderedMessage::new(delivery, templates, now);
            let mut note = message.summary().to_owned();
            cut(&mut note, NOTE_CHARS_MAX);
            json!({ "source": SOURCE, "note": note })
        };
        match delivery.action {
            Action::Resolve => self.post(&self.path_of(delivery, "close"), &note()),
            Action::Acknowledge => {
                let body = json!({ "source": SOURCE, "note": "acknowledged at Plimsoll" });
                self.post(&self.path_of(delivery, "acknowledge"), &body)
            }
            Action::Update => self.post(&self.path_of(delivery, "notes"), &note()),
            Action::Trigger | Action::Escalate | Action::Change => {
                self.post("/v2/alerts", &new_alert(delivery, templates, now))
            }
        }
    }

    fn follow_ups(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Vec<Request> {
        let alert = || new_alert(delivery, templates, now);
        let (message, priority) = match delivery.action {
            Action::Escalate => (Some(alert().message), Some(alert().priority)),
            Action::Update => (Some(alert().message), None),
            _ => (None, None),
        };
        let message = message.map(|text| ("message", json!({ "message": text })));
        let priority = priority.map(|level| ("priority", json!({ "priority": level })));
        let put = |(field, body)| self.post(&self.path_of(delivery, field), &body).put();
        priority.into_iter().chain(message).map(put).collect()
    }
}

impl OpsgenieTarget {
    fn post(&self, path: &str, body: &impl Serialize) -> Request {
        let mut request = Request::post(format!("{}{path}", self.url), http::json(body));
        let key = format!("GenieKey {}", self.api_key.expose());
        request.headers.push(("authorization", key));
        request
    }

    /// The path of a part of an open alert.
    fn path_of(&self, delivery: &Delivery, part: &str) -> String {
        let alias = url_encoded(&delivery.alert.dedup_key());
        format!("/v2/alerts/{alias}/{part}?identifierType=alias")
    }
}

fn new_alert(delivery: &Delivery, templates: &MessageTemplates, now: TimestampMs) -> NewAlert {
    let alert = &delivery.alert;
    let description = |parts: &Parts| format!("{}\n\n{}", parts.summary, parts.details(&PLAIN));
    let (mut message, description) = parts::fitting(
        delivery,
        |delivery| Parts::of(delivery, templates, now, &PLAIN),
        |parts| (parts.summary.clone(), description(parts)),
        |(_, description)| length(description) <= DESCRIPTION_CHARS_MAX,
    );
    cut(&mut message, MESSAGE_CHARS_MAX);
    let mut entity = partner(alert).unwrap_or_default().to_owned();
    cut(&mut entity, ENTITY_CHARS_MAX);
    NewAlert {
        message,
        alias: alert.dedup_key(),
        description: description.trim_end().to_owned(),
        tags: tags(delivery),
        details: details(delivery),
        entity,
        source: SOURCE,
        priority: match alert.severity {
            Severity::Critical => "P1",
            Severity::Warning => "P3",
        },
    }
}

/// What people filter by: severity, rule, labels.
fn tags(delivery: &Delivery) -> Vec<String> {
    let alert = &delivery.alert;
    let fixed = [alert.severity.as_str().to_owned(), format!("rule:{}", alert.rule)];
    let labels = alert.labels.iter().map(|(label, value)| format!("{}:{value}", label.as_str()));
    let of_rule =
        delivery.content.rule_labels.iter().map(|(name, value)| format!("{name}:{value}"));
    let mut tags: Vec<String> =
        fixed.into_iter().chain(labels).chain(of_rule).take(TAGS_MAX).collect();
    tags.iter_mut().for_each(|tag| cut(tag, TAG_CHARS_MAX));
    tags
}

/// The alert for programs.
fn details(delivery: &Delivery) -> BTreeMap<String, String> {
    let (alert, content) = (&delivery.alert, &delivery.content);
    let evidence = &alert.latest;
    let fixed = [
        ("alert_id", alert.id.clone()),
        ("rule", alert.rule.clone()),
        ("owner", alert.owner.clone()),
        ("runbook", alert.runbook.clone()),
        ("value", evidence.value.to_string()),
        ("threshold", evidence.threshold.to_string()),
        ("unit", units::unit(alert.signal).to_owned()),
        ("onset_at", rfc3339(TimestampMs(content.onset_ms))),
        ("fired_at", rfc3339(alert.fired_at)),
    ];
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value));
    let labels =
        alert.labels.iter().map(|(label, value)| (label.as_str().to_owned(), value.to_owned()));
    let of_rule = content.rule_labels.iter().map(|(name, value)| (name.clone(), value.clone()));
    let mut details = BTreeMap::new();
    for (mut name, mut value) in fixed.into_iter().chain(labels).chain(of_rule).take(DETAILS_MAX) {
        cut(&mut name, DETAIL_NAME_CHARS_MAX);
        cut(&mut value, DETAIL_CHARS_MAX);
        details.entry(name).or_insert(value);
    }
    details
}

#[cfg(test)]
mod tests;
