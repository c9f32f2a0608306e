//! `POST /api/v1/push`: events, summaries and gauges.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::{Extension, Json};
use plimsoll_alerting::json_problem;
use plimsoll_storage::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use plimsoll_storage::{IdempotencyKey, TimestampMs};

use crate::access::{Caller, Scope};
use crate::admission::Reserved;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::body::{self, Compression, sniff};
use crate::http::call::Call;
use crate::ingest::{self, Ingest, Ingested};
use crate::wire::excerpt;
use crate::wire::push::answer::PushBody;
use crate::wire::push::repair::repair;
use crate::wire::push::{read_json, read_ndjson};

/// Bodies above this size, and compressed ones, wait for a permit of [`App::heavy_bodies`], so that they do
/// not delay small ones.
const INLINE_BYTES_MAX: usize = 128 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Ndjson,
}

pub(crate) fn calls() -> Vec<Call> {
    use ErrorCode::{
        BodyTimeout, BodyTooLarge, Busy, EmptyBody, InvalidHeader, KeyReused, MalformedBody,
        NothingAccepted, Overloaded, UnsupportedMediaType,
    };
    vec![
        Call::post("/api/v1/push", push)
            .scope(Scope::Push)
            .about(
                "Store events, summaries and gauges",
                "Durable and visible by the time of the answer. A rejected item is named by a JSON pointer; \
                 the other items are stored. With an `Idempotency-Key`, a retry of the same body counts \
                 once for a day; another body under the same key is an error. Bodies may be compressed: \
                 `Content-Encoding: gzip` or `zstd`.",
            )
            .body(&[("application/json", JSON), ("application/x-ndjson", NDJSON)])
            .answers::<PushBody>()
            .errors(&[MalformedBody, EmptyBody, InvalidHeader, BodyTimeout, BodyTooLarge])
            .errors(&[UnsupportedMediaType, NothingAccepted, KeyReused, Overloaded, Busy]),
    ]
}

const JSON: &str = r#"{"events":[{"stream":"requests","partner":"dhl","operation":"create_label",
    "at":"2026-11-20T19:04:40.123Z","status":200,"latency_ms":132.4}],
    "summaries":[{"stream":"requests","partner":"dhl","start":1795201480000,"step_s":10,"outcomes":{"2xx":3},
    "latency":{"scale":5,"sum":0.4,"zero_count":0,"positive":{"offset":-94,"bucket_counts":[1,0,2]}}}],
    "gauges":[{"name":"queue_depth","partner":"dhl","at":1795201480000,"value":12}]}"#;
const NDJSON: &str =
    r#"{"type":"event","stream":"requests","partner":"dhl","at":1795201480123,"status":503}"#;

async fn push(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PushBody>, ApiError> {
    let format = format_of(&headers)?;
    let compression = Compression::of(&headers)?;
    let key = idempotency_key(&headers)?;
    let now = app.now();
    let (body, reserved) = body::receive(&headers, body, &app.bodies).await?;
    let (ingested, key) = if body.len() > INLINE_BYTES_MAX || compression != Compression::None {
        let read = || read(&app, &caller, now, (format, compression), key, body, reserved);
        app.heavy_bodies.run(read).await?
    } else {
        read(&app, &caller, now, (format, compression), key, body, reserved)?
    };
    append(&app, now, key, ingested).await
}

/// Decompresses and reads a body, and makes its key.
fn read(
    app: &App,
    caller: &Caller,
    now: TimestampMs,
    (format, compression): (Format, Compression),
    key: Option<Vec<u8>>,
    body: Bytes,
    mut reserved: Reserved,
) -> Result<(Ingested, Option<IdempotencyKey>), ApiError> {
    let body = body::decompress(compression, body, &mut reserved)?;
    let key = key.map(|key| ingest::idempotency_key(&key, &body));
    let body = sniff::without_mark(&body);
    if body.trim_ascii().is_empty() {
        let detail = "the body is empty; send {\"events\":[…]}, \"summaries\" or \"gauges\"";
        return Err(ApiError::new(ErrorCode::EmptyBody, detail));
    }
    if let Some(problem) = sniff::not_json(body) {
        return Err(ApiError::malformed(format!("the body {problem}")));
    }
    let begin = || Ingest::new(&app.store, now).only(caller.partners());
    let mut ingest = begin();
    match format {
        Format::Ndjson => read_ndjson(body, &mut ingest),
        Format::Json => {
            if let Err(error) = read_json(body, &mut ingest) {
                // Only after a failure, so that a valid body is not searched.
                let repaired = repair(body).ok_or_else(|| not_json(&error))?;
                ingest = begin();
                read_json(&repaired, &mut ingest).map_err(|_| not_json(&error))?;
            }
        }
    }
    Ok((ingest.finish(), key))
}

fn not_json(error: &serde_json::Error) -> ApiError {
    let (problem, line, column) = (json_problem(error), error.line(), error.column());
    let remedy = if error.to_string().starts_with("trailing characters") {
        "; with one object a line, send `Content-Type: application/x-ndjson`"
    } else {
        ""
    };
    let place = format!("line {line}, column {column}");
    ApiError::malformed(format!("the body is not the JSON of a push: {place}: {problem}{remedy}"))
}

async fn append(
    app: &App,
    now: TimestampMs,
    key: Option<IdempotencyKey>,
    ingested: Ingested,
) -> Result<Json<PushBody>, ApiError> {
    let Ingested { batch, accepted, rejected, rejected_by_code, rejected_count, ignored } =
        ingested;
    for (code, count) in rejected_by_code {
        app.metrics.count_rejected(code.as_str(), count);
    }
    let is_cut = rejected_count > rejected.len() as u64;
    if accepted == 0
        && let Some(key) = &key
        && let Some(items) = app.store.counted(key, now)?
    {
        // A retry of a batch that counted, though its items would not be accepted any more.
        app.metrics.duplicates.inc();
        return Ok(Json(PushBody {
            accepted: items,
            duplicate: true,
            rejected,
            rejected_count: is_cut.then_some(rejected_count),
            ignored,
        }));
    }
    if accepted == 0 {
        return Err(ApiError::nothing_accepted(rejected, rejected_count, ignored));
    }
    let answer = app.store.append(batch, accepted, key, now)?;
    let appended = answer.await.map_err(|_| plimsoll_storage::Error::Closed)??;
    if appended.duplicate {
        app.metrics.duplicates.inc();
    } else {
        app.metrics.items_accepted.inc_by(accepted);
    }
    Ok(Json(PushBody {
        accepted: appended.items,
        duplicate: appended.duplicate,
        rejected,
        rejected_count: is_cut.then_some(rejected_count),
        ignored,
    }))
}

fn format_of(headers: &HeaderMap) -> Result<Format, ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(Format::Json) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/json" => Ok(Format::Json),
        "application/x-ndjson" | "application/ndjson" => Ok(Format::Ndjson),
        other => {
            let remedy = match other {
                "application/x-www-form-urlencoded" => "; `curl -d` sends it, use `curl --json`",
                "multipart/form-data" => "; `curl -F` sends it, use `curl --json @FILE`",
                _ => "",
            };
            let wanted = "must be application/json or application/x-ndjson";
            let detail = format!("{wanted}, not {:?}{remedy}", excerpt(other));
            Err(ApiError::header(ErrorCode::UnsupportedMediaType, "content-type", detail))
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<Vec<u8>>, ApiError> {
    const NAME: &str = "idempotency-key";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let key = value.as_bytes();
    let printable = key.iter().all(|byte| (0x20..0x7f).contains(byte));
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX || !printable {
        return Err(ApiError::header(
            ErrorCode::InvalidHeader,
            NAME,
            "must be 1 to 255 printable ASCII characters",
        ));
    }
    Ok(Some(key.to_vec()))
}
