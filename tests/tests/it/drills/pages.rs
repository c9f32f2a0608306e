//! What the pager got, put together message by message.

use std::time::{Duration, Instant};

use plimsoll_tests::{Recorded, Recorder, Server, clock};
use serde_json::Value;

use super::history::History;

/// Judging some ten days of slots on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Slots of ten seconds in a minute.
const SLOTS_PER_MIN: i64 = 6;

/// A page with its end.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) rule: String,
    pub(super) severity: String,
    /// The minute it was told in, by the clock of the data.
    pub(super) begin_min: i64,
    pub(super) end_min: Option<i64>,
    /// The body as it came.
    body: Value,
}

impl Message {
    /// The body says this somewhere.
    pub(super) fn says(&self, text: &str) {
        assert!(self.body.to_string().contains(text), "{text:?} is not in {:#}", self.body);
    }

    /// Everything that whoever is woken needs is there: who, how bad against what, out of how many, how
    /// it went, where to look, and what to do first.
    pub(super) fn is_complete(&self) {
        let details = &self.body["payload"]["custom_details"];
        for field in ["value", "threshold", "count", "window_s"] {
            assert!(details[field].is_number(), "{field}: {:#}", self.body);
        }
        assert!(details["labels"]["partner"].is_string(), "{:#}", self.body);
        assert!(details["owner"].as_str().is_some_and(|owner| !owner.is_empty()), "{details:#}");
        let trend = details["trend"].as_str().unwrap_or_default();
        assert!(trend.contains(|c| ('▁'..='█').contains(&c)), "{details:#}");
        let steps = details["first_steps"].as_array().map_or(0, Vec::len);
        assert!(steps > 0, "{details:#}");
        for (text, path) in [
            ("Runbook", "/runbooks/"),
            ("Dashboard", "/partners/"),
            ("Why it fired", "/api/v1/rules/"),
        ] {
            let links = self.body["links"].as_array().into_iter().flatten();
            let link =
                links.filter(|link| link["text"] == text).find_map(|link| link["href"].as_str());
            let begins = format!("https://plimsoll.example{path}");
            assert!(link.is_some_and(|href| href.starts_with(&begins)), "{text}: {:#}", self.body);
        }
    }
}

/// Everything that was paged.
#[derive(Debug)]
pub(super) struct Pages(Vec<Message>);

impl Pages {
    /// Waits until everything is judged and delivered.
    pub(super) async fn gather(server: &Server, recorder: &Recorder, history: &History) -> Self {
        let minutes = history.minute(clock::now_ms()) - super::history::SATURDAY_MIN;
        let start = Instant::now();
        loop {
            let judged = metric(server, "plimsoll_slots_judged_total").await;
            let waiting = metric(server, "plimsoll_outbox_depth").await;
            if judged >= (minutes * SLOTS_PER_MIN) as f64 && waiting == 0.0 {
                break;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{judged} slots, {waiting} waiting: {}",
                server.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut messages: Vec<Message> = Vec::new();
        for request in recorder.requests_to("/v2/enqueue") {
            take(&mut messages, &request, history, server).await;
        }
        Self(messages)
    }

    /// The messages of partners whose name begins so.
    pub(super) fn about(&self, who: &str) -> impl Iterator<Item = &Message> {
        self.0.iter().filter(move |message| {
            let summary = message.body["payload"]["summary"].as_str();
            summary.is_some_and(|summary| summary.starts_with(who))
        })
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

async fn take(messages: &mut Vec<Message>, request: &Recorded, history: &History, server: &Server) {
    let body = &request.body;
    let minute = |text: &str| history.minute(clock::parse_ms(text));
    if body["event_action"] == "trigger" {
        let payload = &body["payload"];
        messages.push(Message {
            rule: payload["custom_details"]["rule"].as_str().unwrap_or_default().to_owned(),
            severity: payload["severity"].as_str().unwrap_or_default().to_owned(),
            begin_min: minute(payload["timestamp"].as_str().unwrap_or_default()),
            end_min: None,
            body: body.clone(),
        });
        return;
    }
    assert_eq!(body["event_action"], "resolve", "{body}");
    let same = messages.iter_mut().rfind(|message| message.body["dedup_key"] == body["dedup_key"]);
    let same = same.unwrap_or_else(|| panic!("the end of what never began: {body}"));
    let id = same.body["payload"]["custom_details"]["alert_id"].as_str().unwrap_or_default();
    let alert = server.api().get(&format!("/api/v1/alerts/{id}")).await;
    same.end_min = alert["resolved_at"].as_str().map(minute);
}

async fn metric(server: &Server, name: &str) -> f64 {
    let text = server.api().try_get("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
}
