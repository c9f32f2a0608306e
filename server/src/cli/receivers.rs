//! `plimsoll receivers`: lists receivers, shows what one would get, and tests one without a server.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use plimsoll_alerting::{
    Cause, Receiver, RuleSet, TestResult, did_you_mean, sample, show, test_receiver, url_encoded,
};
use plimsoll_storage::SlotWidth;
use reqwest::Method;
use serde::Deserialize;

use super::CommandError;
use super::client::Client;
use crate::clock;

/// Where a server listens unless configured.
const BASE_URL: &str = "http://127.0.0.1:8585";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the receivers of a rules file
    List(Rules),
    /// Show what a receiver would get; nothing is sent
    Preview {
        /// Name of the receiver
        name: String,
        /// Why it would be notified, `failing` unless given: a sample
        #[arg(long, value_parser = cause, conflicts_with = "alert")]
        cause: Option<Cause>,
        /// Id of an alert of the server
        #[arg(long, value_name = "ID", requires = "url")]
        alert: Option<String>,
        /// Running server, whose receivers are shown
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// The rules file; secrets are read from the places it names
        #[arg(
            long,
            env = "PLIMSOLL_RULES",
            value_name = "RULES.yaml",
            required_unless_present = "url"
        )]
        rules: Option<PathBuf>,
        #[command(flatten)]
        links: Links,
    },
    /// Send a receiver the trigger and the resolve of a test alert
    Test {
        /// Name of the receiver
        name: String,
        #[command(flatten)]
        rules: Rules,
        /// Send the sample of a cause, marked as a test
        #[arg(long, value_parser = cause, default_value = Cause::Test.as_str())]
        cause: Cause,
        #[command(flatten)]
        links: Links,
        /// Allow a receiver at a loopback or private address
        #[arg(long, env = "PLIMSOLL_ALLOW_PRIVATE_RECEIVERS")]
        allow_private_receivers: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Links {
    /// The public address of the server, with which links begin
    #[arg(long, env = "PLIMSOLL_EXTERNAL_URL", value_name = "URL", default_value = BASE_URL)]
    external_url: String,
}

#[derive(Debug, clap::Args)]
struct Rules {
    /// The rules file; secrets are read from the places it names
    #[arg(long, env = "PLIMSOLL_RULES", value_name = "RULES.yaml")]
    rules: PathBuf,
}

impl Rules {
    fn load(&self) -> Result<RuleSet, CommandError> {
        load(&self.rules)
    }
}

fn load(path: &Path) -> Result<RuleSet, CommandError> {
    // Receivers do not depend on the width of slots; most rules are valid with the smallest.
    Ok(RuleSet::load(path, &|name| std::env::var(name).ok(), SlotWidth::MIN)?)
}

/// A cause by its name.
fn cause(name: &str) -> Result<Cause, String> {
    Cause::parse(name).ok_or_else(|| {
        let near = did_you_mean(name, Cause::NAMES);
        format!("not one of {}{near}", Cause::NAMES.join(", "))
    })
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    match &args.command {
        Command::List(rules) => {
            for receiver in rules.load()?.receivers {
                writeln!(io::stdout(), "{} ({})", receiver.name, receiver.target.kind())?;
            }
            Ok(())
        }
        Command::Preview { name, cause, alert, url, rules, links } => {
            let text = match (url, rules) {
                (Some(url), _) => preview_of_server(url, name, *cause, alert.as_deref())?,
                (None, Some(rules)) => {
                    let (rules, now) = (load(rules)?, clock::now());
                    let receiver = named(&rules, name)?;
                    let cause = cause.unwrap_or(Cause::Failing);
                    let delivery = sample(cause, receiver, &links.external_url, now);
                    show(receiver, &delivery, now).to_string()
                }
                (None, None) => return Err("give --rules FILE or --url URL".into()),
            };
            Ok(io::stdout().write_all(text.as_bytes())?)
        }
        Command::Test { name, rules, cause, links, allow_private_receivers } => {
            let rules = rules.load()?;
            test(named(&rules, name)?, *cause, &links.external_url, *allow_private_receivers)
        }
    }
}

/// What a receiver of a running server would get.
fn preview_of_server(
    url: &str,
    name: &str,
    cause: Option<Cause>,
    alert: Option<&str>,
) -> Result<String, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = Client::new(url)?;
    let cause = cause.map(|cause| format!("?cause={}", cause.as_str()));
    let alert = alert.map(|id| format!("?alert={}", url_encoded(id)));
    let query = cause.or(alert).unwrap_or_default();
    let path = format!("/api/v1/receivers/{}/preview{query}", url_encoded(name));
    let request = client.request(Method::GET, &path);
    let answer = runtime.block_on(async {
        Ok::<_, CommandError>(client.send(request).await?.json::<Preview>().await?)
    })?;
    Ok(answer.text)
}

/// What the server answers.
#[derive(Debug, Deserialize)]
struct Preview {
    text: String,
}

fn named<'r>(rules: &'r RuleSet, name: &str) -> Result<&'r Receiver, CommandError> {
    let found = rules.receiver(name).ok_or_else(|| {
        let known: Vec<&str> = rules.receivers.iter().map(|known| known.name.as_str()).collect();
        let near = did_you_mean(name, known.iter().copied());
        match known.as_slice() {
            [] => format!("the rules file has no receiver {name:?}, and no other one"),
            known => {
                format!("the rules file has no receiver {name:?}, only {}{near}", known.join(", "))
            }
        }
    })?;
    Ok(found)
}

fn test(
    receiver: &Receiver,
    cause: Cause,
    base_url: &str,
    allow_private: bool,
) -> Result<(), CommandError> {
    let name = &receiver.name;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sent = test_receiver(receiver, cause, base_url, allow_private, &clock::now);
    let results = runtime.block_on(sent)?;
    let mut out = io::stdout();
    for TestResult { action, status, took_ms, error } in &results {
        let status = status.map_or_else(String::new, |status| format!(" ({status})"));
        match error {
            None => writeln!(out, "{}: arrived in {took_ms} ms{status}", action.as_str())?,
            Some(error) => writeln!(out, "{}: {error}, after {took_ms} ms", action.as_str())?,
        }
    }
    if results.iter().any(|result| result.error.is_some()) {
        return Err(format!("the receiver {name} did not accept the test").into());
    }
    Ok(())
}
