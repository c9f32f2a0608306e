//! `plimsoll import`: access logs into a server or straight into a data directory.
//!
//! Either way the lines become the body of a push and go through the same checks. Each chunk has an
//! idempotency key made of its content and position, so importing the same file again within a day
//! counts nothing twice.

use std::{fmt::Write, path::PathBuf, time::Duration};

use plimsoll_storage::{Options, Store};
use reqwest::StatusCode;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::CommandError;
use crate::clock;
use crate::config::{RetentionFlags, parse_slot};
use crate::import::{
    Input, LabelSource, LabelSources, Observation, Progress, Routes, import_lines,
};
use crate::ingest::Ingest;
use crate::wire::push::read_json;

/// How often a chunk is sent before the import gives up.
const ATTEMPTS_MAX: u32 = 8;
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// nginx or Apache combined or common log, with optional rt=, urt= and cid= at the end
    AccessLog,
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("target").required(true).args(["url", "data_dir"])))]
pub(super) struct Args {
    /// Format of the file
    #[arg(long, value_enum)]
    format: Format,
    /// Partner of a line: path:N for the N-th segment of its path, or a name
    #[arg(long, value_name = "path:N|NAME")]
    partner: Option<LabelSource>,
    /// Operation of a line, likewise
    #[arg(long, value_name = "path:N|NAME")]
    operation: Option<LabelSource>,
    /// Environment of a line, likewise [default: production]
    #[arg(long, value_name = "path:N|NAME")]
    environment: Option<LabelSource>,
    /// Site of a line, likewise
    #[arg(long, value_name = "path:N|NAME")]
    site: Option<LabelSource>,
    /// YAML list of {prefix, partner, operation, environment, site}; the longest prefix wins
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Stream the requests are counted in
    #[arg(long, default_value = "requests", value_name = "NAME")]
    stream: String,
    /// Push to a running server
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write into a data directory that no server has open
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Width of a slot when the data directory is new [default: 10s]
    #[arg(long, value_name = "DURATION", requires = "data_dir")]
    slot: Option<String>,
    #[command(flatten)]
    retention: RetentionFlags,
    /// The log: plain, gzip or zstd; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let Format::AccessLog = args.format;
    let routes = routes(args)?;
    let input = Input::open(&args.file)
        .map_err(|error| format!("cannot open {}: {error}", args.file.display()))?;
    let mut target = Target::open(args)?;
    let progress = Progress::new(input.size_bytes());
    let mut refused = Refused::default();
    let mut number = 0_u64;
    let summary = import_lines(input, &routes, &progress, |chunk| {
        number += 1;
        refused.add(target.push(&Chunk::of(&args.stream, chunk, number)?)?);
        Ok::<(), CommandError>(())
    })?;
    target.finish()?;
    println!("{}{refused}", summary.without_refused(refused.items));
    Ok(())
}

fn routes(args: &Args) -> Result<Routes, CommandError> {
    if args.partner.is_none() && args.map.is_none() {
        return Err("give --partner path:N or --partner NAME, or a mapping with --map FILE".into());
    }
    let routes = Routes::new(LabelSources {
        partner: args.partner.clone(),
        operation: args.operation.clone(),
        environment: args.environment.clone(),
        site: args.site.clone(),
    });
    let Some(path) = &args.map else { return Ok(routes) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the mapping {}: {error}", path.display()))?;
    Ok(routes.with_mapping(&path.display().to_string(), &text)?)
}

/// A line as an event of a push.
#[derive(Serialize)]
struct EventBody<'a> {
    stream: &'a str,
    partner: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    at: i64,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<IdsBody<'a>>,
}

#[derive(Serialize)]
struct IdsBody<'a> {
    correlation_id: &'a str,
}

/// Some lines as the body of a push, with its idempotency key.
struct Chunk {
    body: Vec<u8>,
    key: String,
}

impl Chunk {
    fn of(stream: &str, observations: &[Observation], number: u64) -> Result<Self, CommandError> {
        #[derive(Serialize)]
        struct Body<'a> {
            events: Vec<EventBody<'a>>,
        }
        let event = |line| event(stream, line);
        let body = serde_json::to_vec(&Body { events: observations.iter().map(event).collect() })?;
        let digest =
            Sha256::new().chain_update(number.to_be_bytes()).chain_update(&body).finalize();
        let mut key = String::from("import-");
        for byte in digest.iter().take(16) {
            write!(key, "{byte:02x}")?;
        }
        Ok(Self { body, key })
    }
}

fn event<'a>(stream: &'a str, line: &'a Observation) -> EventBody<'a> {
    EventBody {
        stream,
        partner: &line.partner,
        operation: line.operation.as_deref(),
        environment: line.environment.as_deref(),
        site: line.site.as_deref(),
        at: line.at_ms,
        status: line.status,
        latency_ms: line.latency_us.map(|us| us as f64 / 1e3),
        ids: line.correlation_id.as_deref().map(|correlation_id| IdsBody { correlation_id }),
    }
}

/// What was read but not taken, or was there before.
#[derive(Default)]
struct Refused {
    items: u64,
    first: Option<String>,
    duplicates: u64,
}

impl Refused {
    fn add(&mut self, other: Self) {
        self.items += other.items;
        self.duplicates += other.duplicates;
        self.first = self.first.take().or(other.first);
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(first) = &self.first {
            write!(f, "\n  {} refused by the store; the first: {first}", self.items)?;
        }
        if self.duplicates > 0 {
            write!(f, "\n  {} were imported before and not counted again", self.duplicates)?;
        }
        Ok(())
    }
}

/// Where chunks go.
enum Target {
    Store(Box<Store>),
    Server { runtime: tokio::runtime::Runtime, client: reqwest::Client, url: String },
}

impl Target {
    fn open(args: &Args) -> Result<Self, CommandError> {
        if let Some(path) = &args.data_dir {
            let mut options = Options::new(path);
            options.slot_width = args.slot.clone().map(parse_slot).transpose()?;
            options.retention = args.retention.clone().resolve()?;
            return Ok(Self::Store(Box::new(Store::open(&options)?)));
        }
        let url = args.url.as_deref().unwrap_or_default().trim_end_matches('/');
        // Only the first call installs it; a second one has nothing to do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self::Server {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            client: reqwest::Client::builder().timeout(ATTEMPT).build()?,
            url: format!("{url}/api/v1/push"),
        })
    }

    fn push(&mut self, chunk: &Chunk) -> Result<Refused, CommandError> {
        match self {
            Self::Store(store) => push_to_store(store, chunk),
            Self::Server { runtime, client, url } => {
                runtime.block_on(push_to_server(client, url, chunk))
            }
        }
    }

    /// Leaves a data directory sealed, so that the server starts on it at once.
    fn finish(self) -> Result<(), CommandError> {
        if let Self::Store(store) = self {
            store.seal()?;
        }
        Ok(())
    }
}

fn push_to_store(store: &Store, chunk: &Chunk) -> Result<Refused, CommandError> {
    let now = clock::now();
    let mut ingest = Ingest::new(store, now);
    read_json(&chunk.body, &mut ingest)?;
    let ingested = ingest.finish();
    let mut refused = Refused {
        items: ingested.refused,
        first: ingested
            .refusals
            .first()
            .map(|refusal| format!("{} {}", refusal.pointer, refusal.problem.detail)),
        duplicates: 0,
    };
    if store.needs_seal() {
        store.seal()?;
    }
    if ingested.accepted > 0 {
        let key = Some(chunk.key.as_bytes());
        let appended = store.append_blocking(ingested.batch, ingested.accepted, key, now)?;
        refused.duplicates = if appended.duplicate { appended.items } else { 0 };
    }
    Ok(refused)
}

async fn push_to_server(
    client: &reqwest::Client,
    url: &str,
    chunk: &Chunk,
) -> Result<Refused, CommandError> {
    let mut wait = Duration::from_millis(250);
    for attempt in 1..=ATTEMPTS_MAX {
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("idempotency-key", &chunk.key)
            .body(chunk.body.clone());
        match request.send().await {
            Ok(answer) if !may_pass(answer.status()) => return read_answer(answer).await,
            Ok(answer) if attempt == ATTEMPTS_MAX => {
                return Err(format!(
                    "{url} still answers {} after {attempt} attempts",
                    answer.status()
                )
                .into());
            }
            Ok(answer) => wait = retry_after(&answer).unwrap_or(wait),
            Err(error) if attempt == ATTEMPTS_MAX => {
                return Err(format!("{url} cannot be reached: {error}").into());
            }
            Err(_) => {}
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    unreachable!("the last attempt returns")
}

/// Whether the same request can succeed later.
fn may_pass(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

fn retry_after(answer: &reqwest::Response) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn read_answer(answer: reqwest::Response) -> Result<Refused, CommandError> {
    let status = answer.status();
    let body: serde_json::Value = answer.json().await?;
    let rejected = body["rejected"].as_array().map_or(&[][..], Vec::as_slice);
    if !status.is_success() && rejected.is_empty() {
        return Err(format!("the server answers {status}: {}", body["detail"]).into());
    }
    let text = |one: &serde_json::Value, field| one[field].as_str().unwrap_or("?").to_owned();
    let first =
        rejected.first().map(|one| format!("{} {}", text(one, "pointer"), text(one, "detail")));
    let items = body["rejected_count"].as_u64().unwrap_or(rejected.len() as u64);
    let duplicate = body["duplicate"].as_bool().unwrap_or(false);
    let accepted = body["accepted"].as_u64().unwrap_or(0);
    Ok(Refused { items, first, duplicates: if duplicate { accepted } else { 0 } })
}
