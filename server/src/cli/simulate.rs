//! `plimsoll simulate`: pushes a simulated fault into the sandbox of a running server, and reports which
//! rules detect it and what each receiver would get.

use std::io::Write as _;

use plimsoll_alerting::parse_time;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::client::Client;
use super::job::{DrillMessage, Message};
use super::{CommandError, Format, job};
use crate::clock;
use crate::drill::{DrillMessageLine, DrillReport, FiredAlert, RuleFacts, Scenario, Traffic};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The fault; --list lists them
    #[arg(value_enum, required_unless_present = "list")]
    scenario: Option<Scenario>,
    /// List the scenarios
    #[arg(long)]
    list: bool,
    /// Partner to simulate
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    partner: Option<String>,
    /// Running server; nobody is notified of alerts in its sandbox without --notify
    #[arg(long, value_name = "URL", required_unless_present = "list")]
    url: Option<String>,
    /// Send the notifications of the drill to this receiver, each with its resolve
    #[arg(long, value_name = "NAME")]
    notify: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Deserialize)]
struct Rules {
    rules: Vec<RuleFacts>,
}

#[derive(Debug, Deserialize)]
struct Pushed {
    rejected: Vec<RejectedItem>,
}

#[derive(Debug, Deserialize)]
struct RejectedItem {
    detail: String,
}

/// An alert that the drill caused.
#[derive(Debug, Deserialize)]
struct AlertFacts {
    rule: String,
    severity: String,
    fired_at: String,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if args.list {
        return list();
    }
    let (Some(scenario), Some(partner), Some(url)) = (args.scenario, &args.partner, &args.url)
    else {
        return Err("a drill needs a scenario, --partner NAME and --url URL".into());
    };
    let drill = Traffic::new(scenario, partner, clock::now());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(run_drill(&Client::new(url)?, &drill, args.notify.as_deref()))?;
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Table => out.write_all(report.table()?.as_bytes())?,
        Format::Json => {
            serde_json::to_writer(&mut out, &report)?;
            writeln!(out)?;
        }
    }
    if report.is_as_expected() { Ok(()) } else { Err("the drill did not go as expected".into()) }
}

fn list() -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    for scenario in Scenario::ALL {
        writeln!(out, "{:<10} {}", scenario.name(), scenario.sentence())?;
    }
    Ok(())
}

/// Pushes the drill, has the server evaluate it, and compares the alerts with the expected ones.
async fn run_drill(
    client: &Client,
    drill: &Traffic,
    notify: Option<&str>,
) -> Result<DrillReport, CommandError> {
    let rules: Rules =
        client.send(client.request(Method::GET, "/api/v1/rules")).await?.json().await?;
    for body in drill.bodies() {
        push(client, body).await?;
    }
    let mut request =
        json!({ "drill": drill.name, "from": drill.fault_from().0, "to": drill.until.0 });
    if let Some(notify) = notify {
        request["notify"] = json!(notify);
    }
    let result = job::evaluated(client, &request).await?;
    let found = result.alerts.iter().map(|alert| {
        let AlertFacts { rule, severity, fired_at } = serde_json::from_str(alert.get())?;
        let fired_at = parse_time(&fired_at)?;
        Ok(FiredAlert { rule, fired_at, severity })
    });
    let found = found.collect::<Result<Vec<_>, CommandError>>()?;
    let mut messages = Vec::new();
    for DrillMessage { rule, message } in result.messages {
        let Message { receiver, links, text } = message;
        // The text of a mail is enough.
        let text = text.split("content-type: text/html").next().unwrap_or_default();
        let closed_links = closed_links(client, &links).await;
        messages.push(DrillMessageLine::new(
            (rule, receiver),
            text.to_owned(),
            &drill.partner,
            &closed_links,
        ));
    }
    Ok(DrillReport::new(drill, &rules.rules, &found, messages))
}

/// The links that do not open. The alert of a drill is not on record, so it has no page, and calls of the API
/// are in commands, with variables of the shell.
async fn closed_links(client: &Client, links: &[String]) -> Vec<String> {
    let mut closed = Vec::new();
    let is_page = |path: &&String| !path.starts_with("/alerts/") && !path.starts_with("/api/");
    for path in links.iter().filter(is_page) {
        if client.send(client.request(Method::GET, path)).await.is_err() {
            closed.push(path.clone());
        }
    }
    closed
}

async fn push(client: &Client, body: String) -> Result<(), CommandError> {
    let request = client.request(Method::POST, "/api/v1/push");
    let request = request.header("content-type", "application/x-ndjson").body(body);
    let pushed: Pushed = client.send(request).await?.json().await?;
    match pushed.rejected.first() {
        None => Ok(()),
        Some(item) => Err(format!("the server rejected the drill: {}", item.detail).into()),
    }
}
