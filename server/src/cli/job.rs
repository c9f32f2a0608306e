//! Runs a backtest on a server and waits for its end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::CommandError;
use super::client::Client;

/// How long the server may wait for the end before it answers with the progress, in seconds.
const WAIT_S: u64 = 1;

#[derive(Debug, Deserialize)]
struct Job {
    id: String,
    state: String,
    progress: f64,
    error: Option<String>,
    result: Option<JobResult>,
}

/// What a receiver would get of an alert of a drill.
#[derive(Debug, Deserialize)]
pub(super) struct DrillMessage {
    pub(super) rule: String,
    pub(super) message: Message,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) receiver: String,
    pub(super) links: Vec<String>,
    pub(super) text: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct JobResult {
    pub(super) cells: u64,
    pub(super) by_minute_until: Option<String>,
    #[serde(default)]
    pub(super) damaged: Vec<String>,
    /// As the server wrote them, so that the same bytes are printed.
    pub(super) alerts: Vec<Box<RawValue>>,
    pub(super) alerts_left_out: usize,
    #[serde(default)]
    pub(super) messages: Vec<DrillMessage>,
    #[serde(default)]
    pub(super) unknown_partners: Vec<String>,
    pub(super) score: Option<Box<RawValue>>,
    pub(super) comparison: Option<Vec<Box<RawValue>>>,
    pub(super) sweep: Option<Vec<Box<RawValue>>>,
    pub(super) suggestion: Option<Box<RawValue>>,
    pub(super) page: Option<String>,
}

/// Runs the backtest of a request. Ctrl-C cancels it on the server too.
///
/// # Errors
/// The server cannot be reached, rejects the request, or the backtest fails.
pub(super) async fn evaluated(
    client: &Client,
    body: &serde_json::Value,
) -> Result<JobResult, CommandError> {
    let request = client.request(Method::POST, "/api/v1/backtests").json(body);
    let job: Job = client.send(request).await?.json().await?;
    let path = format!("/api/v1/backtests/{}", job.id);
    let end = follow(client, &path);
    tokio::select! {
        job = end => {
            // The server no longer needs to keep the result.
            let _ = client.send(client.request(Method::DELETE, &path)).await;
            job
        }
        _ = tokio::signal::ctrl_c() => {
            client.send(client.request(Method::DELETE, &path)).await?;
            Err("cancelled".into())
        }
    }
}

/// Polls the backtest and shows its progress until it ends.
async fn follow(client: &Client, path: &str) -> Result<JobResult, CommandError> {
    let bar = ProgressBar::new(1_000);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent} %  {msg}  {eta} left") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    loop {
        let request = client.request(Method::GET, path).header("prefer", format!("wait={WAIT_S}"));
        let job: Job = client.send(request).await?.json().await?;
        bar.set_position((job.progress * 1e3) as u64);
        bar.set_message(job.state.clone());
        match (job.state.as_str(), job.result) {
            ("queued" | "running", _) => {}
            ("done", Some(result)) => {
                bar.finish_and_clear();
                return Ok(result);
            }
            (state, _) => {
                bar.finish_and_clear();
                let why = job.error.unwrap_or_else(|| format!("the backtest was {state}"));
                return Err(why.into());
            }
        }
    }
}
