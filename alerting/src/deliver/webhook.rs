//! Signed webhooks as Standard Webhooks has them: <https://www.standardwebhooks.com>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use plimsoll_storage::TimestampMs;
use serde::Serialize;
use sha2::Sha256;

use super::http::{Answer, Request};
use super::text::summary;
use super::verdict::{self, Verdict};
use crate::alerts::Alert;
use crate::evidence::Evidence;
use crate::outbox::{Action, Notice};
use crate::rule::{Secret, webhook_key};
use crate::words::moment;

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
    summary: String,
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
    secret: Option<&Secret>,
    notice: &Notice,
    now: TimestampMs,
) -> Request {
    let message = Message {
        r#type: match notice.action {
            Action::Trigger => "alert.triggered",
            Action::Escalate => "alert.escalated",
            Action::Resolve => "alert.resolved",
        },
        timestamp: moment(notice.at),
        data: Data { alert: alert_body(&notice.alert, summary(notice)) },
    };
    let body = super::json(&message);
    let id = format!("msg_{}", notice.id);
    let timestamp = now.0.div_euclid(1_000).to_string();
    let signature = secret.and_then(|secret| signature(secret, &id, &timestamp, &body));
    let mut headers = vec![("webhook-id", id), ("webhook-timestamp", timestamp)];
    headers.extend(signature.map(|signature| ("webhook-signature", signature)));
    Request { url: url.to_owned(), headers, body }
}

fn alert_body(alert: &Alert, summary: String) -> AlertBody<'_> {
    AlertBody {
        id: &alert.id,
        dedup_key: alert.dedup_key(),
        rule: &alert.rule,
        signal: alert.signal.as_str(),
        severity: alert.severity.as_str(),
        summary,
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

/// What the answer means.
pub(super) fn classify(answer: &Answer) -> Verdict {
    verdict::of_answer(answer)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::testing::{alert, notice_of};

    #[test]
    fn the_signature_is_that_of_the_published_example() {
        // From the Standard Webhooks specification.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let (id, timestamp) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330");
        let signed = signature(&secret, id, timestamp, r#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn the_id_stays_over_attempts_and_the_timestamp_follows_them() {
        let at = alert().fired_at;
        let notice = notice_of(Action::Trigger, at, alert());
        let first = request("https://hub.example/a", None, &notice, at);
        let second = request("https://hub.example/a", None, &notice, at.plus_ms(5_000));
        assert_eq!(first.headers[0], second.headers[0]);
        assert_eq!(second.headers[1].1, (at.0 / 1_000 + 5).to_string());
        assert_eq!(first.headers.len(), 2);
    }

    #[test]
    fn the_body_names_the_event_and_carries_the_alert() {
        let at = alert().fired_at;
        for (action, kind) in [
            (Action::Trigger, "alert.triggered"),
            (Action::Escalate, "alert.escalated"),
            (Action::Resolve, "alert.resolved"),
        ] {
            let notice = notice_of(action, at, alert());
            let request = request("https://hub.example/a", Some(&Secret::new("s")), &notice, at);
            let body: Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(body["type"], kind);
            assert_eq!(body["timestamp"], "2026-11-20T20:05:00Z");
            assert_eq!(body["data"]["alert"]["labels"]["partner"], "dhl");
            assert_eq!(body["data"]["alert"]["evidence"]["count"], 320);
            assert!(request.headers[2].1.starts_with("v1,"));
        }
    }
}
