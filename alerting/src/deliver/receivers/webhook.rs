//! Signed webhooks by the Standard Webhooks specification: <https://www.standardwebhooks.com>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use plimsoll_storage::TimestampMs;
use serde::Serialize;
use sha2::Sha256;

use super::HttpReceiver;
use crate::deliver::exchange::http::{self, Answer, Request};
use crate::deliver::exchange::outcome::{self, AttemptOutcome};
use crate::engine::Evidence;
use crate::message::fit;
use crate::message::render::RenderedMessage;
use crate::message::units::{self, rfc3339};
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, Secret, WebhookTarget, webhook_key};

/// Bytes of a signed webhook: the specification advises receivers to expect less than 20 KB.
pub(super) const WEBHOOK_BODY_BYTES_MAX: usize = 20_000;

#[derive(Serialize)]
struct Message<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    alert: AlertBody<'a>,
}

#[derive(Serialize)]
struct AlertBody<'a> {
    id: &'a str,
    dedup_key: String,
    rule: &'a str,
    signal: &'static str,
    severity: &'static str,
    summary: &'a str,
    /// The text of the receiver's template.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// Where the fault is, a line for each label.
    r#where: &'a [String],
    how_bad: &'a str,
    /// How it ended; empty while it is open.
    ended: &'a str,
    /// Titles of other groups in the same notification.
    also: &'a [String],
    trend: TrendBody<'a>,
    /// What to do first.
    steps: &'a [String],
    contacts: &'a [String],
    /// Receivers that were notified.
    notified: &'a [String],
    links: LinksBody<'a>,
    /// Why it comes late, and by how much; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<String>,
    /// Exemplars: events behind the alert, by their ids.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    examples: &'a [String],
    labels: BTreeMap<&'static str, &'a str>,
    rule_labels: &'a BTreeMap<String, String>,
    owner: &'a str,
    runbook: &'a str,
    window_s: f64,
    /// When the fault began.
    onset_at: String,
    /// How far the true onset may be away.
    onset_within_s: f64,
    pending_at: String,
    fired_at: String,
    resolved_at: Option<String>,
    unit: &'static str,
    evidence: EvidenceBody,
    peak: EvidenceBody,
}

#[derive(Serialize)]
struct TrendBody<'a> {
    spark: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct LinksBody<'a> {
    dashboard: &'a str,
    alert: &'a str,
    explain: &'a str,
    runbook: Option<&'a str>,
}

#[derive(Serialize)]
struct EvidenceBody {
    value: f64,
    lower: f64,
    /// `null` when unknown.
    upper: f64,
    count: u64,
    threshold: f64,
}

impl HttpReceiver for WebhookTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let body = fit::fitting(
            delivery,
            |delivery| message(delivery, &RenderedMessage::new(delivery, templates, now)),
            |body| body.len() <= WEBHOOK_BODY_BYTES_MAX,
        );
        let id = format!("msg_{}", delivery.id);
        let timestamp = now.0.div_euclid(1_000).to_string();
        let signatures =
            self.secrets.iter().filter_map(|secret| signature(secret, &id, &timestamp, &body));
        let signatures: Vec<String> = signatures.collect();
        let mut headers = vec![("webhook-id", id), ("webhook-timestamp", timestamp)];
        if !signatures.is_empty() {
            headers.push(("webhook-signature", signatures.join(" ")));
        }
        Request { headers, ..Request::post(self.url.clone(), body) }
    }

    /// Classifies the answer. The specification has success, failure, and 410 for an endpoint that wants no
    /// more messages. A failure of the message itself is final; a failure of the configuration, such as 401
    /// or 404, is tried again, since it can be fixed meanwhile.
    fn outcome(&self, answer: &Answer) -> AttemptOutcome {
        let reason = || outcome::answer_text(answer);
        match answer.status {
            410 => AttemptOutcome::Gone { reason: reason() },
            401 | 403 | 404 | 407 | 409 | 421 | 423..=425 => {
                AttemptOutcome::Failed { after_ms: answer.retry_after_ms, reason: reason() }
            }
            _ => AttemptOutcome::of(answer),
        }
    }
}

fn message(delivery: &Delivery, message: &RenderedMessage) -> String {
    http::json(&Message {
        r#type: match delivery.action {
            Action::Trigger => "alert.triggered",
            Action::Escalate => "alert.escalated",
            Action::Acknowledge => "alert.acknowledged",
            Action::Update => "alert.updated",
            Action::Change => "change",
            Action::Resolve => "alert.resolved",
        },
        timestamp: rfc3339(delivery.at),
        data: Data { alert: alert_body(delivery, message) },
    })
}

fn alert_body<'a>(delivery: &'a Delivery, message: &'a RenderedMessage) -> AlertBody<'a> {
    let (alert, content) = (&delivery.alert, &delivery.content);
    let links = &content.links;
    AlertBody {
        id: &alert.id,
        dedup_key: alert.dedup_key(),
        rule: &alert.rule,
        signal: alert.signal.as_str(),
        severity: alert.severity.as_str(),
        summary: message.summary(),
        text: message.custom_body(),
        r#where: &content.place,
        how_bad: &content.how_bad,
        ended: &content.ended,
        also: content.which.get(1..).unwrap_or_default(),
        trend: TrendBody { spark: &content.trend.spark, text: &content.trend.text },
        steps: &content.steps,
        contacts: &content.contacts,
        notified: &content.notified,
        links: LinksBody {
            dashboard: &links.dashboard,
            alert: &links.alert,
            explain: &links.explain,
            runbook: links.runbook.as_deref(),
        },
        late: message.late(),
        examples: &content.exemplars,
        labels: alert.labels.iter().map(|(label, value)| (label.as_str(), value)).collect(),
        rule_labels: &content.rule_labels,
        owner: &alert.owner,
        runbook: &alert.runbook,
        window_s: alert.window_ms as f64 / 1e3,
        onset_at: rfc3339(TimestampMs(content.onset_ms)),
        onset_within_s: content.onset_within_ms as f64 / 1e3,
        pending_at: rfc3339(alert.pending_at),
        fired_at: rfc3339(alert.fired_at),
        resolved_at: alert.resolved_at.map(rfc3339),
        unit: units::unit(alert.signal),
        evidence: evidence_body(&alert.latest),
        peak: evidence_body(&alert.peak),
    }
}

fn evidence_body(evidence: &Evidence) -> EvidenceBody {
    EvidenceBody {
        value: evidence.value,
        lower: evidence.lower,
        upper: evidence.upper,
        count: evidence.count,
        threshold: evidence.threshold,
    }
}

/// `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`. The rules file is checked for
/// secrets that cannot be decoded, so `None` does not occur.
fn signature(secret: &Secret, id: &str, timestamp: &str, body: &str) -> Option<String> {
    let key = webhook_key(secret)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    for part in [id, ".", timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests;
