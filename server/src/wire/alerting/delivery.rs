//! Deliveries and receivers as JSON. No address and no key of a receiver is shown.

use plimsoll_alerting::{
    Attempt, DeadReason, Delivery, DeliveryState, Receiver, ReceiverStatus, ShownMessage,
    TestResult,
};
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::query::series::LabelsBody;
use crate::wire::time;

/// A list of deliveries.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeliveriesBody {
    pub(crate) deliveries: Vec<DeliveryBody>,
    /// Whether there are more than are listed.
    pub(crate) is_cut: bool,
}

/// A notification of one receiver about one alert.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DeliveryBody {
    id: String,
    state: &'static str,
    /// Why it is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The reason as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    receiver: String,
    action: &'static str,
    /// The time of the event that it is about.
    at: String,
    /// When it was delivered, dropped or made a dead letter.
    #[serde(rename = "settled_at")]
    ended_at: Option<String>,
    /// From `at` until it was delivered.
    latency_ms: Option<i64>,
    /// Id of the alert.
    alert: String,
    rule: String,
    severity: &'static str,
    labels: LabelsBody,
    /// The group whose notification it is.
    group: String,
    dedup_key: String,
    /// The receiver that was notified instead while this one was down.
    #[serde(skip_serializing_if = "Option::is_none")]
    handed_to: Option<String>,
    attempts: u32,
    /// When the next attempt is made, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    /// The newest attempts, oldest first.
    log: Vec<AttemptBody>,
}

/// One attempt.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AttemptBody {
    at: String,
    took_ms: i64,
    /// What the receiver answered, as an HTTP or SMTP status.
    status: Option<u16>,
    error: Option<String>,
}

impl From<Attempt> for AttemptBody {
    fn from(attempt: Attempt) -> Self {
        let Attempt { at, took_ms, status, error } = attempt;
        Self { at: time::format(at), took_ms, status, error }
    }
}

impl From<Delivery> for DeliveryBody {
    fn from(delivery: Delivery) -> Self {
        let alert = &delivery.alert;
        let labels = alert.labels.iter().map(|(label, value)| (label.as_str(), value.to_owned()));
        let waits = delivery.state == DeliveryState::Waiting;
        Self {
            state: delivery.state.as_str(),
            reason: match delivery.state {
                DeliveryState::Dead(reason) => Some(DeadReason::as_str(reason)),
                _ => None,
            },
            action: delivery.action.as_str(),
            at: time::format(delivery.at),
            ended_at: delivery.settled_at.map(time::format),
            latency_ms: delivery.latency_ms(),
            alert: alert.id.clone(),
            rule: alert.rule.clone(),
            severity: alert.severity.as_str(),
            labels: labels.collect(),
            dedup_key: alert.dedup_key(),
            attempts: delivery.attempts,
            next_attempt_at: waits.then(|| time::format(delivery.due_at())),
            log: delivery.log.into_iter().map(AttemptBody::from).collect(),
            id: delivery.id,
            detail: delivery.detail,
            receiver: delivery.receiver,
            group: delivery.group,
            handed_to: delivery.handed_to,
        }
    }
}

/// A request to replay a delivery.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// Only answer what would happen.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// Which dead letters a purge removes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PurgeRequest {
    #[serde(default)]
    pub(crate) dry_run: bool,
    pub(crate) receiver: Option<String>,
    pub(crate) alert: Option<String>,
}

/// A delivery that was replayed, or would be.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReplayBody {
    pub(crate) dry_run: bool,
    pub(crate) delivery: DeliveryBody,
}

/// Dead letters that were removed, or would be.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PurgeBody {
    pub(crate) dry_run: bool,
    pub(crate) count: usize,
    /// Whether more match: a call removes a bounded number.
    pub(crate) is_cut: bool,
    /// The first of them.
    pub(crate) deliveries: Vec<DeliveryBody>,
}

/// The receivers of the rules file.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReceiversBody {
    pub(crate) receivers: Vec<ReceiverBody>,
}

/// The status of deliveries to a receiver. Counts are since the server was started.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReceiverBody {
    name: String,
    kind: &'static str,
    /// `ok`, `failing`, `probed` (it failed so often that it is only tried now and then), `throttled` (at its
    /// rate limit, or it asked for a pause) or `disabled` (it rejects everything for good).
    state: &'static str,
    /// Deliveries that wait, and the age of the oldest.
    waiting: usize,
    oldest_age_s: Option<f64>,
    /// Since when every attempt fails.
    down_since: Option<String>,
    /// Why it is disabled; a test that succeeds enables it.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_because: Option<String>,
    last_success_at: Option<String>,
    last_failure_at: Option<String>,
    last_failure: Option<String>,
    delivered: u64,
    failed_attempts: u64,
    given_up: u64,
    coalesced: u64,
}

impl ReceiverBody {
    pub(crate) fn new(name: String, status: ReceiverStatus, now: TimestampMs) -> Self {
        let state = match &status {
            ReceiverStatus { disabled: Some(_), .. } => "disabled",
            ReceiverStatus { is_open: true, .. } => "probed",
            ReceiverStatus { is_throttled: true, .. } => "throttled",
            ReceiverStatus { down_since: Some(_), .. } => "failing",
            _ => "ok",
        };
        let (failed_at, failure) = status.last_failure.unzip();
        Self {
            name,
            kind: status.kind,
            state,
            waiting: status.waiting,
            oldest_age_s: status.oldest_at.map(|at| now.since_ms(at).max(0) as f64 / 1e3),
            down_since: status.down_since.map(time::format),
            disabled_because: status.disabled,
            last_success_at: status.last_success_at.map(time::format),
            last_failure_at: failed_at.map(time::format),
            last_failure: failure,
            delivered: status.delivered,
            failed_attempts: status.failed,
            given_up: status.given_up,
            coalesced: status.coalesced,
        }
    }
}

/// What a receiver would get, without secrets.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PreviewBody {
    receiver: String,
    kind: &'static str,
    /// The address it would be sent to.
    to: String,
    headers: Vec<HeaderBody>,
    /// Each form of the body: an e-mail has text and HTML.
    bodies: Vec<MediaBody>,
    /// The paths of this server that it links to.
    links: Vec<String>,
    /// All of it for people.
    text: String,
}

/// What a receiver would get of an alert of a drill.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DrillMessage {
    pub(crate) rule: String,
    pub(crate) message: PreviewBody,
}

/// A header of a request or of a mail.
#[derive(Debug, Serialize, JsonSchema)]
struct HeaderBody {
    name: &'static str,
    value: String,
}

/// A form of a body.
#[derive(Debug, Serialize, JsonSchema)]
struct MediaBody {
    media_type: &'static str,
    body: String,
}

impl PreviewBody {
    pub(crate) fn new(receiver: &Receiver, shown: ShownMessage, base_url: &str) -> Self {
        let headers = shown.headers.iter();
        let headers = headers.map(|(name, value)| HeaderBody { name, value: value.clone() });
        let bodies = shown.bodies.iter();
        let bodies = bodies.map(|(media_type, body)| MediaBody { media_type, body: body.clone() });
        Self {
            receiver: receiver.name.clone(),
            kind: receiver.target.kind(),
            headers: headers.collect(),
            bodies: bodies.collect(),
            links: shown.paths(base_url).into_iter().collect(),
            text: shown.to_string(),
            to: shown.to,
        }
    }
}

/// The result of a test.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TestBody {
    pub(crate) receiver: String,
    /// Whether it accepted every message.
    pub(crate) arrived: bool,
    pub(crate) messages: Vec<TestMessageBody>,
}

/// One message of a test.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TestMessageBody {
    action: &'static str,
    status: Option<u16>,
    took_ms: i64,
    error: Option<String>,
}

impl TestBody {
    pub(crate) fn new(receiver: String, results: Vec<TestResult>) -> Self {
        let message = |TestResult { action, status, took_ms, error }| TestMessageBody {
            action: plimsoll_alerting::Action::as_str(action),
            status,
            took_ms,
            error,
        };
        let arrived = results.iter().all(|result| result.error.is_none());
        Self { receiver, arrived, messages: results.into_iter().map(message).collect() }
    }
}
