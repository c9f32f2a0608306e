//! Log lines as the body of a push.

use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::cli::CommandError;
use crate::import::Observation;

/// A log line as an event of a push.
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

/// Some log lines as the body of a push.
pub(super) struct Chunk {
    /// JSON.
    pub(super) body: Vec<u8>,
    /// The idempotency key: a hash of position and content.
    pub(super) key: String,
}

impl Chunk {
    /// The body for the `number`-th chunk of a log.
    ///
    /// # Errors
    /// Never: the body is written into memory.
    pub(super) fn of(
        stream: &str,
        observations: &[Observation],
        number: u64,
    ) -> Result<Self, CommandError> {
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
