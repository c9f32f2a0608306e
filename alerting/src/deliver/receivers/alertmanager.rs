//! Alertmanager, API v2:
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.
//!
//! An Alertmanager that restarts forgets its alerts. An open alert is therefore repeated, with an end time
//! some minutes ahead, and the resolve has its true end time. Should this server stop for longer, an open
//! alert ends by itself.

use std::collections::BTreeMap;

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::HttpReceiver;
use crate::deliver::exchange::http::{self, Request};
use crate::limits::REPEAT_MS;
use crate::message::render::RenderedMessage;
use crate::message::units::rfc3339;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{AlertmanagerTarget, MessageTemplates, Severity};

/// How far ahead the end time of an open alert is, in ms: a restart of this server and some repetitions that
/// fail do not end it.
const OPEN_MS: i64 = 10 * REPEAT_MS;

#[derive(Serialize)]
struct PostableAlert<'a> {
    labels: BTreeMap<&'a str, &'a str>,
    annotations: BTreeMap<&'static str, String>,
    #[serde(rename = "startsAt")]
    starts_at: String,
    #[serde(rename = "endsAt")]
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "str::is_empty")]
    generator_url: &'a str,
}

impl HttpReceiver for AlertmanagerTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        self.post(&postable(delivery, &ends(delivery, now), templates))
    }

    fn repetition(
        &self,
        open: &[Delivery],
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Option<Request> {
        let ends_at = now.plus_ms(OPEN_MS);
        let alerts = open.iter().flat_map(|delivery| {
            postable(delivery, &[(delivery.alert.severity, ends_at)], templates)
        });
        Some(self.post(&alerts.collect::<Vec<_>>()))
    }
}

impl AlertmanagerTarget {
    fn post(&self, alerts: &[PostableAlert<'_>]) -> Request {
        let url = format!("{}/api/v2/alerts", self.url);
        Request::post(url, http::json(&alerts))
    }
}

/// An alert under each severity with its end time.
fn postable<'a>(
    delivery: &'a Delivery,
    ends: &[(Severity, TimestampMs)],
    templates: &MessageTemplates,
) -> Vec<PostableAlert<'a>> {
    // The delay is left out: annotations stay the same over attempts.
    let message = RenderedMessage::new(delivery, templates, delivery.at);
    let annotations = annotations(delivery, &message);
    let alert = |(severity, ends_at): &(Severity, TimestampMs)| PostableAlert {
        labels: labels(delivery, *severity),
        annotations: annotations.clone(),
        starts_at: rfc3339(delivery.alert.pending_at),
        ends_at: rfc3339(*ends_at),
        generator_url: &delivery.content.links.explain,
    };
    ends.iter().map(alert).collect()
}

/// The severities under which Alertmanager knows the alert, with the time that each ends. The severity is a
/// label, because routes match it, and labels identify an alert: one that became critical ends as a warning.
fn ends(delivery: &Delivery, now: TimestampMs) -> Vec<(Severity, TimestampMs)> {
    let (at, severity) = (delivery.at, delivery.alert.severity);
    let open = (severity, now.plus_ms(OPEN_MS));
    let others = [Severity::Warning, Severity::Critical].into_iter();
    match delivery.action {
        Action::Resolve => others.map(|severity| (severity, at)).collect(),
        Action::Escalate => {
            let ended = others.filter(|other| *other != severity).map(|other| (other, at));
            ended.chain([open]).collect()
        }
        _ => vec![open],
    }
}

/// Values that change while an alert is open are annotations, not labels. The labels of the rule are there
/// for routes; those of the alert itself come first.
fn labels(delivery: &Delivery, severity: Severity) -> BTreeMap<&str, &str> {
    let (alert, content) = (&delivery.alert, &delivery.content);
    let of_rule = content.rule_labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let of_alert = alert.labels.iter().map(|(label, value)| (label.as_str(), value));
    let fixed = [
        ("alertname", alert.rule.as_str()),
        ("owner", alert.owner.as_str()),
        ("severity", severity.as_str()),
    ];
    of_rule.filter(|(name, _)| is_label_name(name)).chain(of_alert).chain(fixed).collect()
}

/// The names that Alertmanager takes by default: `[a-zA-Z_][a-zA-Z0-9_]*`.
fn is_label_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = name.bytes().next();
    first.is_some_and(|byte| !byte.is_ascii_digit()) && name.bytes().all(is_part)
}

fn annotations(delivery: &Delivery, message: &RenderedMessage) -> BTreeMap<&'static str, String> {
    let (alert, content) = (&delivery.alert, &delivery.content);
    let description = message.custom_body().map_or_else(
        || [[content.how_bad.clone()].as_slice(), &content.place].concat().join("\n"),
        str::to_owned,
    );
    let texts = [
        ("summary", message.summary().to_owned()),
        ("description", description),
        ("severity", alert.severity.as_str().to_owned()),
        ("since", rfc3339(TimestampMs(content.onset_ms))),
        ("trend", content.trend.text.clone()),
        ("examples", content.exemplars.join("\n")),
        ("first_steps", content.steps.join("\n")),
        ("contacts", content.contacts.join("\n")),
        ("also", content.which.get(1..).unwrap_or_default().join(", ")),
        ("runbook", alert.runbook.clone()),
        ("runbook_url", content.links.runbook.clone().unwrap_or_default()),
        ("dashboard_url", content.links.dashboard.clone()),
        ("alert_id", alert.id.clone()),
    ];
    texts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

#[cfg(test)]
mod tests;
