//! The notifications that PagerDuty received, trigger and resolve together.

use std::time::{Duration, Instant};

use plimsoll_tests::{Recorded, Recorder, Server, clock};
use serde_json::Value;

use super::history::History;

/// Evaluation of three days of slots on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A trigger with its resolve.
#[derive(Debug)]
pub(super) struct Notification {
    pub(super) rule: String,
    pub(super) severity: String,
    /// The minute of the trigger, by the clock of the data.
    pub(super) begin_min: i64,
    pub(super) end_min: Option<i64>,
    /// The received body.
    body: Value,
}

impl Notification {
    /// The body contains this text.
    pub(super) fn contains(&self, text: &str) {
        assert!(self.body.to_string().contains(text), "{text:?} is not in {:#}", self.body);
    }

    /// The body has everything that is needed: group, value, threshold, count, trend, links, and first
    /// steps.
    pub(super) fn is_complete(&self) {
        let details = &self.body["payload"]["custom_details"];
        let data = &details["data"];
        for field in ["value", "threshold", "count", "window_s"] {
            assert!(data[field].is_number(), "{field}: {:#}", self.body);
        }
        assert!(data["labels"]["partner"].is_string(), "{:#}", self.body);
        assert!(data["owner"].as_str().is_some_and(|owner| !owner.is_empty()), "{details:#}");
        for field in ["What", "Since", "How bad", "Rule", "Alert"] {
            let words = details[field].as_str();
            assert!(words.is_some_and(|words| !words.is_empty()), "{field}: {details:#}");
        }
        let trend = details["Trend"].as_str().unwrap_or_default();
        assert!(trend.contains(|c| ('▁'..='█').contains(&c)), "{details:#}");
        let steps = details["Do first"].as_array().map_or(0, Vec::len);
        assert!(steps > 0, "{details:#}");
        for (text, path) in
            [("Runbook", "/runbooks/"), ("Dashboard", "/partners/"), ("Why it fired", "/rules/")]
        {
            let links = self.body["links"].as_array().into_iter().flatten();
            let link =
                links.filter(|link| link["text"] == text).find_map(|link| link["href"].as_str());
            let prefix = format!("https://plimsoll.example{path}");
            assert!(link.is_some_and(|href| href.starts_with(&prefix)), "{text}: {:#}", self.body);
        }
    }
}

/// All notifications.
#[derive(Debug)]
pub(super) struct Notifications(Vec<Notification>);

impl Notifications {
    /// Waits until everything is evaluated and delivered.
    pub(super) async fn gather(server: &Server, recorder: &Recorder, history: &History) -> Self {
        let end_s = history.end_ms() / 1_000;
        let start = Instant::now();
        loop {
            let evaluated_s = metric(server, "plimsoll_evaluated_until_seconds").await;
            let waiting = server.api().get("/api/v1/deliveries?state=waiting").await;
            let waiting = waiting["deliveries"].as_array().map_or(0, Vec::len);
            if evaluated_s >= end_s as f64 && waiting == 0 {
                break;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "until {evaluated_s}, {waiting} waiting: {}",
                server.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut notifications: Vec<Notification> = Vec::new();
        for request in recorder.requests_to("/v2/enqueue") {
            take(&mut notifications, &request, history, server).await;
        }
        Self(notifications)
    }

    /// The notifications about partners whose name starts with a prefix.
    pub(super) fn about(&self, who: &str) -> impl Iterator<Item = &Notification> {
        self.0.iter().filter(move |notification| {
            // The summary of several partners begins with their number.
            let partner = notification.body["payload"]["component"].as_str();
            partner.is_some_and(|partner| partner.starts_with(who))
        })
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

async fn take(
    notifications: &mut Vec<Notification>,
    request: &Recorded,
    history: &History,
    server: &Server,
) {
    let body = &request.body;
    let minute = |text: &str| history.minute(clock::parse_ms(text));
    if body["event_action"] == "trigger" {
        let payload = &body["payload"];
        notifications.push(Notification {
            rule: payload["custom_details"]["data"]["rule"].as_str().unwrap_or_default().to_owned(),
            severity: payload["severity"].as_str().unwrap_or_default().to_owned(),
            begin_min: minute(payload["timestamp"].as_str().unwrap_or_default()),
            end_min: None,
            body: body.clone(),
        });
        return;
    }
    assert_eq!(body["event_action"], "resolve", "{body}");
    let same = notifications
        .iter_mut()
        .rfind(|notification| notification.body["dedup_key"] == body["dedup_key"]);
    let same = same.unwrap_or_else(|| panic!("a resolve without a trigger: {body}"));
    let id =
        same.body["payload"]["custom_details"]["data"]["alert_id"].as_str().unwrap_or_default();
    let alert = server.api().get(&format!("/api/v1/alerts/{id}")).await;
    same.end_min = alert["resolved_at"].as_str().map(minute);
}

async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.api().try_get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
}
