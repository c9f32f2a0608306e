//! `POST /api/v1/push`.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use plimsoll_storage::TimestampMs;
use plimsoll_storage::limits::IDEMPOTENCY_KEY_BYTES_MAX;

use crate::admission::Reserved;
use crate::app::App;
use crate::error::ApiError;
use crate::http::body::{self, Packing};
use crate::ingest::{Ingest, Ingested};
use crate::wire::push::answer::PushBody;
use crate::wire::push::repair::quote_impossible_numbers;
use crate::wire::push::{read_json, read_ndjson};

/// Bodies above this size, and packed ones, wait for a place among the heavy bodies, so that they do
/// not hold up small ones.
const INLINE_BYTES_MAX: usize = 128 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Ndjson,
}

pub(crate) async fn push(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PushBody>, ApiError> {
    let format = format_of(&headers)?;
    let packing = Packing::of(&headers)?;
    let key = idempotency_key(&headers)?;
    let now = app.now();
    let (body, reserved) = body::receive(&headers, body, &app.bodies).await?;
    let ingested = if body.len() > INLINE_BYTES_MAX || packing != Packing::Plain {
        app.heavy_bodies.run(|| read(&app, now, format, packing, body, reserved)).await?
    } else {
        read(&app, now, format, packing, body, reserved)?
    };
    append(&app, now, key.as_deref(), ingested).await
}

/// Unpacks and reads a body.
fn read(
    app: &App,
    now: TimestampMs,
    format: Format,
    packing: Packing,
    body: Bytes,
    mut reserved: Reserved,
) -> Result<Ingested, ApiError> {
    let body = body::unpack(packing, body, &mut reserved)?;
    if body.trim_ascii().is_empty() {
        return Err(ApiError::empty_body());
    }
    let mut ingest = Ingest::new(&app.store, now);
    match format {
        Format::Ndjson => read_ndjson(&body, &mut ingest),
        Format::Json => {
            if let Err(error) = read_json(&body, &mut ingest) {
                // Only here: a body that reads at once is never looked through for such numbers.
                let Some(repaired) = quote_impossible_numbers(&body) else {
                    return Err(not_json(&error));
                };
                ingest = Ingest::new(&app.store, now);
                read_json(&repaired, &mut ingest).map_err(|error| not_json(&error))?;
            }
        }
    }
    Ok(ingest.finish())
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::malformed(format!("the body is not the JSON of a push: {error}"))
}

async fn append(
    app: &App,
    now: TimestampMs,
    key: Option<&[u8]>,
    ingested: Ingested,
) -> Result<Json<PushBody>, ApiError> {
    let Ingested { batch, accepted, refusals, refused } = ingested;
    for refusal in &refusals {
        app.metrics.count_rejected(refusal.problem.code, 1);
    }
    let unlisted = refused.saturating_sub(refusals.len() as u64);
    if unlisted > 0 {
        app.metrics.count_rejected("unlisted", unlisted);
    }
    let rejected = refusals.into_iter().map(Into::into).collect();
    if accepted == 0 {
        return Err(ApiError::nothing_accepted(rejected, refused));
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
        rejected_count: (unlisted > 0).then_some(refused),
    }))
}

fn format_of(headers: &HeaderMap) -> Result<Format, ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(Format::Json) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/json" => Ok(Format::Json),
        "application/x-ndjson" | "application/ndjson" => Ok(Format::Ndjson),
        _ => Err(ApiError::unsupported(
            "header `content-type` must be application/json or application/x-ndjson",
        )),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<Vec<u8>>, ApiError> {
    const NAME: &str = "idempotency-key";
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    let key = value.as_bytes();
    let printable = key.iter().all(|byte| (0x20..0x7f).contains(byte));
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX || !printable {
        return Err(ApiError::header(NAME, "must be 1 to 255 printable ASCII characters"));
    }
    Ok(Some(key.to_vec()))
}
