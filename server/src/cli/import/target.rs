//! Where an import writes: a running server, or a data directory.

use std::fmt;
use std::time::Duration;

use indicatif::HumanCount;
use plimsoll_storage::{Options, Store};
use reqwest::StatusCode;
use tokio::runtime::{Builder, Runtime};

use super::sequence::Destination;
use super::{Args, body};
use crate::cli::CommandError;
use crate::cli::client::{unreachable_url, with_key};
use crate::clock;
use crate::config::{parse_base_url, parse_slot};
use crate::error::ErrorCode;
use crate::import::Observation;
use crate::ingest::{self, Ingest};
use crate::wire::push::read_json;

/// How often a piece is sent before the import fails.
const ATTEMPTS_MAX: u32 = 8;
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the second attempt waits; every further one waits twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// Where pieces are written.
pub(super) enum Target {
    Store { store: Box<Store>, stream: String },
    Server(ServerTarget),
}

/// A running server.
pub(super) struct ServerTarget {
    runtime: Runtime,
    client: reqwest::Client,
    url: String,
    stream: String,
    /// Whether it has answered: one that cannot be reached at first is not waited for.
    has_answered: bool,
}

/// Lines that were sent and did not count.
#[derive(Debug, Default)]
pub(super) struct NotCounted {
    /// Rejected by the checks of a push.
    pub(super) rejected: u64,
    /// The first rejected one: where and why.
    pub(super) first_rejected: Option<String>,
    /// Imported before.
    pub(super) duplicates: u64,
}

impl NotCounted {
    /// Lines that were imported before.
    pub(super) fn duplicates(lines: u64) -> Self {
        Self { duplicates: lines, ..Self::default() }
    }

    /// Adds the lines of another piece.
    pub(super) fn add(&mut self, other: Self) {
        self.rejected += other.rejected;
        self.duplicates += other.duplicates;
        self.first_rejected = self.first_rejected.take().or(other.first_rejected);
    }
}

impl fmt::Display for NotCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = &self.first_rejected {
            write!(
                f,
                "\n  {} rejected by the store; the first: {first}",
                HumanCount(self.rejected)
            )?;
        }
        if self.duplicates > 0 {
            let duplicates = HumanCount(self.duplicates);
            write!(f, "\n  {duplicates} were imported before and not counted again")?;
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
        let stream = args.stream.clone();
        if let Some(path) = &args.data_dir {
            let mut options = Options::new(path);
            options.slot_width = args.slot.as_deref().map(parse_slot).transpose()?;
            options.retention = args.retention.resolve()?.retention()?;
            return Ok(Self::Store { store: Box::new(Store::open(&options)?), stream });
        }
        let base = parse_base_url(args.url.as_deref().unwrap_or_default())?;
        // Only the first call installs it; a second one has no effect.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self::Server(ServerTarget {
            runtime: Builder::new_current_thread().enable_all().build()?,
            client: reqwest::Client::builder().timeout(ATTEMPT_TIMEOUT).build()?,
            url: format!("{base}/api/v1/push"),
            stream,
            has_answered: false,
        }))
    }

    /// Seals a data directory, so that the server starts on it at once.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        if let Self::Store { store, .. } = self {
            store.seal()?;
        }
        Ok(())
    }
}

impl Destination for Target {
    /// A request without items does not count: if its key is reused, other lines have counted.
    fn is_known(&mut self, key: &str) -> Result<bool, CommandError> {
        const NO_ITEMS: &[u8] = br#"{"events":[]}"#;
        match self {
            Self::Store { store, .. } => {
                let request = ingest::idempotency_key(key.as_bytes(), NO_ITEMS);
                match store.counted(&request, clock::now()) {
                    Err(plimsoll_storage::Error::KeyReused) => Ok(true),
                    counted => Ok(counted?.is_some()),
                }
            }
            Self::Server(server) => Ok(server.send(key, NO_ITEMS)?.is_key_reused),
        }
    }

    fn push(&mut self, key: &str, lines: &[Observation]) -> Result<NotCounted, CommandError> {
        match self {
            Self::Store { store, stream } => push_to_store(store, key, stream, lines),
            Self::Server(server) => {
                let answer = server.send(key, &body::of(&server.stream, lines)?)?;
                if answer.is_key_reused {
                    return Ok(NotCounted::duplicates(lines.len() as u64));
                }
                if !answer.is_success && answer.rejected == 0 {
                    return Err(
                        format!("the server answers {}: {}", answer.status, answer.detail).into()
                    );
                }
                Ok(NotCounted {
                    rejected: answer.rejected,
                    first_rejected: answer.first_rejected.map(|first| first.text(lines)),
                    duplicates: if answer.is_duplicate { answer.accepted } else { 0 },
                })
            }
        }
    }
}

/// A rejected item: the JSON pointer to it, and why.
struct FirstRejected {
    pointer: String,
    detail: String,
}

impl FirstRejected {
    /// Names the line of the log.
    fn text(&self, lines: &[Observation]) -> String {
        let mut parts = self.pointer.trim_start_matches('/').split('/').skip(1);
        let number = parts.next().and_then(|number| number.parse::<usize>().ok());
        let field = parts.next().unwrap_or_default();
        let line = number.and_then(|number| lines.get(number)).map_or(0, |line| line.line_number);
        format!("line {line}, {field}: {}", self.detail)
    }
}

fn push_to_store(
    store: &Store,
    key: &str,
    stream: &str,
    lines: &[Observation],
) -> Result<NotCounted, CommandError> {
    let now = clock::now();
    let mut ingest = Ingest::new(store, now);
    let sent = body::of(stream, lines)?;
    read_json(&sent, &mut ingest)?;
    let ingested = ingest.finish();
    let first = ingested.rejected.first().map(|item| FirstRejected {
        pointer: item.pointer.to_string(),
        detail: item.detail.to_string(),
    });
    let mut not_counted = NotCounted {
        rejected: ingested.rejected_count,
        first_rejected: first.map(|first| first.text(lines)),
        duplicates: 0,
    };
    if store.needs_seal() {
        store.seal()?;
    }
    if ingested.accepted > 0 {
        let key = Some(ingest::idempotency_key(key.as_bytes(), &sent));
        match store.append_blocking(ingested.batch, ingested.accepted, key, now) {
            Err(plimsoll_storage::Error::KeyReused) => {
                return Ok(NotCounted::duplicates(lines.len() as u64));
            }
            Ok(appended) if appended.duplicate => not_counted.duplicates = appended.items,
            appended => drop(appended?),
        }
    }
    Ok(not_counted)
}

/// What a server answers to a push.
struct PushAnswer {
    status: StatusCode,
    is_success: bool,
    is_duplicate: bool,
    /// Whether another request counted under the key.
    is_key_reused: bool,
    accepted: u64,
    rejected: u64,
    first_rejected: Option<FirstRejected>,
    detail: String,
}

impl ServerTarget {
    /// Sends a body, several times if need be.
    fn send(&mut self, key: &str, body: &[u8]) -> Result<PushAnswer, CommandError> {
        let Self { runtime, client, url, has_answered, .. } = self;
        runtime.block_on(async {
            let mut wait = FIRST_WAIT;
            for attempt in 1..=ATTEMPTS_MAX {
                let request = with_key(client.post(url.as_str()))
                    .header("content-type", "application/json")
                    .header("idempotency-key", key)
                    .body(body.to_vec());
                let is_last = attempt == ATTEMPTS_MAX;
                match request.send().await {
                    Ok(answer) if !is_temporary(answer.status()) => {
                        *has_answered = true;
                        return read_answer(answer).await;
                    }
                    Ok(answer) if is_last => {
                        let status = answer.status();
                        let detail =
                            format!("{url} still answers {status} after {attempt} attempts");
                        return Err(detail.into());
                    }
                    Ok(answer) => wait = retry_after(&answer).unwrap_or(wait),
                    Err(error) if is_last || !*has_answered => {
                        return Err(unreachable_url(url, &error));
                    }
                    Err(_) => {}
                }
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            unreachable!("the last attempt returns")
        })
    }
}

/// Whether the same request can succeed later.
fn is_temporary(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

fn retry_after(answer: &reqwest::Response) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

async fn read_answer(answer: reqwest::Response) -> Result<PushAnswer, CommandError> {
    let status = answer.status();
    let text = answer.text().await?;
    let body: serde_json::Value = serde_json::from_str(&text).map_err(|_| {
        format!("the answer {status} is not that of a Plimsoll server: is the URL right?")
    })?;
    let items = body["rejected"].as_array().map_or(&[][..], Vec::as_slice);
    let text =
        |item: &serde_json::Value, field: &str| item[field].as_str().unwrap_or("?").to_owned();
    let first = items
        .first()
        .map(|item| FirstRejected { pointer: text(item, "pointer"), detail: text(item, "detail") });
    Ok(PushAnswer {
        status,
        is_success: status.is_success(),
        is_duplicate: body["duplicate"].as_bool().unwrap_or(false),
        is_key_reused: body["code"] == ErrorCode::KeyReused.as_str(),
        accepted: body["accepted"].as_u64().unwrap_or(0),
        rejected: body["rejected_count"].as_u64().unwrap_or(items.len() as u64),
        first_rejected: first,
        detail: text(&body, "detail"),
    })
}
