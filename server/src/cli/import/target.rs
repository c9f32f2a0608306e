//! Where an import writes: a running server, or a data directory.

use std::fmt;
use std::time::Duration;

use plimsoll_storage::{Options, Store};
use reqwest::StatusCode;
use tokio::runtime::{Builder, Runtime};

use super::Args;
use super::chunk::Chunk;
use crate::cli::CommandError;
use crate::clock;
use crate::config::parse_slot;
use crate::ingest::Ingest;
use crate::wire::push::read_json;

/// How often a chunk is sent before the import fails.
const ATTEMPTS_MAX: u32 = 8;
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the second attempt waits; every further one waits twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Where chunks are written.
pub(super) enum Target {
    Store(Box<Store>),
    Server { runtime: Runtime, client: reqwest::Client, url: String },
}

/// Lines that were sent and did not count.
#[derive(Default)]
pub(super) struct NotCounted {
    /// Rejected by the checks of a push.
    pub(super) rejected: u64,
    /// The first rejected one: where and why.
    first_rejected: Option<String>,
    /// Imported before.
    duplicates: u64,
}

impl NotCounted {
    /// Adds the lines of another chunk.
    pub(super) fn add(&mut self, other: Self) {
        self.rejected += other.rejected;
        self.duplicates += other.duplicates;
        self.first_rejected = self.first_rejected.take().or(other.first_rejected);
    }
}

impl fmt::Display for NotCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = &self.first_rejected {
            write!(f, "\n  {} rejected by the store; the first: {first}", self.rejected)?;
        }
        if self.duplicates > 0 {
            write!(f, "\n  {} were imported before and not counted again", self.duplicates)?;
        }
        Ok(())
    }
}

impl Target {
    /// Opens the target of the arguments.
    ///
    /// # Errors
    /// The data directory cannot be opened, or a setting is wrong.
    pub(super) fn open(args: &Args) -> Result<Self, CommandError> {
        if let Some(path) = &args.data_dir {
            let mut options = Options::new(path);
            options.slot_width = args.slot.as_deref().map(parse_slot).transpose()?;
            options.retention = args.retention.resolve()?.retention()?;
            return Ok(Self::Store(Box::new(Store::open(&options)?)));
        }
        let url = args.url.as_deref().unwrap_or_default().trim_end_matches('/');
        // Only the first call installs it; a second one has no effect.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self::Server {
            runtime: Builder::new_current_thread().enable_all().build()?,
            client: reqwest::Client::builder().timeout(ATTEMPT_TIMEOUT).build()?,
            url: format!("{url}/api/v1/push"),
        })
    }

    /// Writes a chunk.
    ///
    /// # Errors
    /// The store or the server does not accept it, also not after several attempts.
    pub(super) fn push(&mut self, chunk: &Chunk) -> Result<NotCounted, CommandError> {
        match self {
            Self::Store(store) => push_to_store(store, chunk),
            Self::Server { runtime, client, url } => {
                runtime.block_on(push_to_server(client, url, chunk))
            }
        }
    }

    /// Seals a data directory, so that the server starts on it at once.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        if let Self::Store(store) = self {
            store.seal()?;
        }
        Ok(())
    }
}

fn push_to_store(store: &Store, chunk: &Chunk) -> Result<NotCounted, CommandError> {
    let now = clock::now();
    let mut ingest = Ingest::new(store, now);
    read_json(&chunk.body, &mut ingest)?;
    let ingested = ingest.finish();
    let first = ingested.rejected.first();
    let mut not_counted = NotCounted {
        rejected: ingested.rejected_count,
        first_rejected: first.map(|item| format!("{} {}", item.pointer, item.detail)),
        duplicates: 0,
    };
    if store.needs_seal() {
        store.seal()?;
    }
    if ingested.accepted > 0 {
        let key = Some(chunk.key.as_bytes());
        let appended = store.append_blocking(ingested.batch, ingested.accepted, key, now)?;
        not_counted.duplicates = if appended.duplicate { appended.items } else { 0 };
    }
    Ok(not_counted)
}

async fn push_to_server(
    client: &reqwest::Client,
    url: &str,
    chunk: &Chunk,
) -> Result<NotCounted, CommandError> {
    let mut wait = FIRST_WAIT;
    for attempt in 1..=ATTEMPTS_MAX {
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("idempotency-key", &chunk.key)
            .body(chunk.body.clone());
        match request.send().await {
            Ok(answer) if !is_temporary(answer.status()) => return read_answer(answer).await,
            Ok(answer) if attempt == ATTEMPTS_MAX => {
                let status = answer.status();
                return Err(format!("{url} still answers {status} after {attempt} attempts").into());
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
fn is_temporary(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

fn retry_after(answer: &reqwest::Response) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn read_answer(answer: reqwest::Response) -> Result<NotCounted, CommandError> {
    let status = answer.status();
    let body: serde_json::Value = answer.json().await?;
    let items = body["rejected"].as_array().map_or(&[][..], Vec::as_slice);
    if !status.is_success() && items.is_empty() {
        return Err(format!("the server answers {status}: {}", body["detail"]).into());
    }
    let text = |item: &serde_json::Value, field| item[field].as_str().unwrap_or("?").to_owned();
    let place = |item| format!("{} {}", text(item, "pointer"), text(item, "detail"));
    let accepted = body["accepted"].as_u64().unwrap_or(0);
    let is_duplicate = body["duplicate"].as_bool().unwrap_or(false);
    Ok(NotCounted {
        rejected: body["rejected_count"].as_u64().unwrap_or(items.len() as u64),
        first_rejected: items.first().map(place),
        duplicates: if is_duplicate { accepted } else { 0 },
    })
}
