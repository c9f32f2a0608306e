//! A backtest on a running server, over what that has stored.

use std::{io::Write, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use super::{super::client::Client, Args, Failure, Format};
use crate::{backtest::report, wire::time};

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
struct JobResult {
    cells: u64,
    by_minute_until: Option<String>,
    /// As the server wrote them, so that they are printed by the byte.
    alerts: Vec<Box<RawValue>>,
    alerts_left_out: usize,
    score: Option<Box<RawValue>>,
}

/// Runs the backtest on the server at `url` and prints what it found.
pub(super) fn run(args: &Args, url: &str) -> Result<(), Failure> {
    if !matches!(args.format, Format::Table | Format::Json) {
        return Err("--url prints as table or json; --data-dir has all formats".into());
    }
    let client = Client::new(url)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(judged(&client, args))?;
    let by_minute = result.by_minute_until.as_ref().map_or_else(String::new, |until| {
        format!(", before {until} by the minute, because slots have expired")
    });
    eprintln!(
        "{} cells replayed on {url}{by_minute}: {} alerts",
        result.cells,
        result.alerts.len()
    );
    if result.alerts_left_out > 0 {
        eprintln!("{} further alerts were left out; narrow the time", result.alerts_left_out);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match args.format {
        Format::Table => {
            let rows = result.alerts.iter().map(|alert| serde_json::from_str(alert.get()));
            out.write_all(report::table(&rows.collect::<Result<Vec<_>, _>>()?)?.as_bytes())?;
        }
        _ => result.alerts.iter().try_for_each(|alert| writeln!(out, "{}", alert.get()))?,
    }
    if let Some(score) = result.score {
        writeln!(out, "{{\"score\":{}}}", score.get())?;
    }
    Ok(out.flush()?)
}

async fn judged(client: &Client, args: &Args) -> Result<JobResult, Failure> {
    let rules = std::fs::read_to_string(&args.rules)
        .map_err(|error| format!("{}: {error}", args.rules.display()))?;
    let incidents = args.incidents.as_ref().map(|path| -> Result<serde_json::Value, Failure> {
        let json = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(serde_json::from_slice(&json)?)
    });
    let body = json!({
        "rules": rules,
        "from": args.from.map(time::format),
        "to": args.to.map(time::format),
        "partners": args.partner,
        "incidents": incidents.transpose()?,
    });
    let request = client.request(Method::POST, "/api/v1/backtests").json(&body);
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
async fn follow(client: &Client, path: &str) -> Result<JobResult, Failure> {
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
