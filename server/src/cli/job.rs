//! A backtest that a running server is asked for, followed until it is over.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{CommandError, client::Client};

/// How long the server is asked to wait before it says how far it has come, in seconds.
const WAIT_S: u64 = 1;

#[derive(Debug, Deserialize)]
struct Job {
    id: String,
    state: String,
    progress: f64,
    error: Option<String>,
    result: Option<JobResult>,
}

#[derive(Debug, Deserialize)]
pub(super) struct JobResult {
    pub(super) cells: u64,
    pub(super) by_minute_until: Option<String>,
    /// As the server wrote them, so that they are printed by the byte.
    pub(super) alerts: Vec<Box<RawValue>>,
    pub(super) alerts_left_out: usize,
    pub(super) score: Option<Box<RawValue>>,
    pub(super) page: Option<String>,
}

/// Has the server judge what a request says. Ctrl-C ends it there as well.
///
/// # Errors
/// The server cannot be reached, refuses, or says that it failed.
pub(super) async fn judged(
    client: &Client,
    body: &serde_json::Value,
) -> Result<JobResult, CommandError> {
    let request = client.request(Method::POST, "/api/v1/backtests").json(body);
    let job: Job = client.send(request).await?.json().await?;
    let path = format!("/api/v1/backtests/{}", job.id);
    let over = follow(client, &path);
    tokio::select! {
        job = over => {
            // Its result is not needed there any more.
            let _ = client.send(client.request(Method::DELETE, &path)).await;
            job
        }
        _ = tokio::signal::ctrl_c() => {
            client.send(client.request(Method::DELETE, &path)).await?;
            Err("cancelled".into())
        }
    }
}

/// Asks how far it is until it is over.
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
