//! Signed webhooks as Standard Webhooks has them: <https://www.standardwebhooks.com>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use plimsoll_storage::TimestampMs;
use serde::Serialize;
use sha2::Sha256;

use super::fit;
use super::http::{Answer, Request};
use super::template::Saying;
use super::verdict::{self, Verdict};
use crate::engine::Evidence;
use crate::records::delivery::{Action, Delivery};
use crate::rule::{MessageTemplates, Secret, webhook_key};
use crate::words::moment;

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
    /// What the receiver's own template says.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// Events behind it, by their ids.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    examples: &'a [String],
    labels: BTreeMap<&'static str, &'a str>,
    owner: &'a str,
    runbook: &'a str,
    window_s: f64,
    pending_at: String,
    fired_at: String,
    resolved_at: Option<String>,
    unit: &'static str,
    evidence: EvidenceBody,
    peak: EvidenceBody,
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

/// The request for a notification that is sent at `now`.
pub(super) fn request(
    url: &str,
    secrets: &[Secret],
    delivery: &Delivery,
    texts: &MessageTemplates,
    now: TimestampMs,
) -> Request {
    let body = fit::fitting(
        delivery,
        |delivery| message(delivery, &Saying::new(delivery, texts, now)),
        |body| body.len() <= WEBHOOK_BODY_BYTES_MAX,
    );
    let id = format!("msg_{}", delivery.id);
    let timestamp = now.0.div_euclid(1_000).to_string();
    let signatures = secrets.iter().filter_map(|secret| signature(secret, &id, &timestamp, &body));
    let signatures: Vec<String> = signatures.collect();
    let mut headers = vec![("webhook-id", id), ("webhook-timestamp", timestamp)];
    if !signatures.is_empty() {
        headers.push(("webhook-signature", signatures.join(" ")));
    }
    Request { url: url.to_owned(), headers, body }
}

fn message(delivery: &Delivery, saying: &Saying) -> String {
    super::json(&Message {
        r#type: match delivery.action {
            Action::Trigger => "alert.triggered",
            Action::Escalate => "alert.escalated",
            Action::Acknowledge => "alert.acknowledged",
            Action::Update => "alert.updated",
            Action::Change => "change",
            Action::Resolve => "alert.resolved",
        },
        timestamp: moment(delivery.at),
        data: Data { alert: alert_body(delivery, saying) },
    })
}

fn alert_body<'a>(delivery: &'a Delivery, saying: &'a Saying) -> AlertBody<'a> {
    let alert = &delivery.alert;
    AlertBody {
        id: &alert.id,
        dedup_key: alert.dedup_key(),
        rule: &alert.rule,
        signal: alert.signal.as_str(),
        severity: alert.severity.as_str(),
        summary: saying.summary(),
        text: saying.own_body(),
        examples: &delivery.page.examples,
        labels: alert.labels.iter().map(|(label, value)| (label.as_str(), value)).collect(),
        owner: &alert.owner,
        runbook: &alert.runbook,
        window_s: alert.window_ms as f64 / 1e3,
        pending_at: moment(alert.pending_at),
        fired_at: moment(alert.fired_at),
        resolved_at: alert.resolved_at.map(moment),
        unit: super::unit(alert.signal),
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

/// What the answer means. The specification knows success, failure, and 410 for an endpoint that
/// wants nothing any more. A failure that lies in the message itself is not tried again; one that
/// lies in the way there, such as 401 or 404, can be put right while it waits.
pub(super) fn classify(answer: &Answer) -> Verdict {
    let reason = || verdict::reason(answer);
    match answer.status {
        410 => Verdict::Gone { reason: reason() },
        401 | 403 | 404 | 407 | 409 | 421 | 423..=425 => {
            Verdict::Failed { after_ms: answer.retry_after_ms, reason: reason() }
        }
        _ => verdict::of_answer(answer),
    }
}

#[cfg(test)]
mod tests;
