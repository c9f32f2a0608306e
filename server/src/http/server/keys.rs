//! `/api/v1/keys`: who has a key, for what, and until when.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use plimsoll_alerting::parse_duration_or_zero_ms;

use crate::access::{Caller, Grant, GrantError, KeysError, Scope};
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::body;
use crate::http::call::Call;
use crate::http::params::declare::InPath;
use crate::wire::excerpt;
use crate::wire::keys::{KeyBody, KeyRequest, KeysBody, NewKeyBody, RotateRequest};

const ID: InPath = InPath { name: "id", example: "5f0KqL2m", about: "The key's id." };
/// The body names up to a thousand partners.
const BODY_BYTES_MAX: usize = 256 << 10;

pub(crate) fn calls() -> Vec<Call> {
    use ErrorCode::{BodyTooLarge, InvalidKey, MalformedBody};
    vec![
        Call::get("/api/v1/keys", list)
            .scope(Scope::Admin)
            .about("Every key, oldest first, with the revoked ones", "No answer has the text of a key.")
            .answers::<KeysBody>(),
        Call::post("/api/v1/keys", create)
            .scope(Scope::Admin)
            .about(
                "Make a key",
                "The answer has its text, which is shown once and stored nowhere. From the first key on, every \
                 request takes one.",
            )
            .body(&[("application/json", r#"{"name":"connector of dhl","scopes":["push"],"partners":["dhl"],"expires_in":"90d"}"#)])
            .answers::<NewKeyBody>()
            .errors(&[MalformedBody, BodyTooLarge, InvalidKey]),
        Call::delete("/api/v1/keys/{id}", revoke)
            .scope(Scope::Admin)
            .about("Revoke a key", "Requests with it are refused at once.")
            .takes(&[&ID])
            .answers::<KeyBody>(),
        Call::post("/api/v1/keys/{id}/rotate", rotate)
            .scope(Scope::Admin)
            .about(
                "Make a key in the place of another one",
                "It is for the same, and lasts as long. The old one is revoked after `overlap`.",
            )
            .takes(&[&ID])
            .body(&[("application/json", r#"{"overlap":"7d"}"#)])
            .answers::<NewKeyBody>()
            .errors(&[MalformedBody, BodyTooLarge, InvalidKey]),
    ]
}

async fn list(State(app): State<App>) -> Json<KeysBody> {
    let now = app.now();
    let keys = app.keys.list().iter().map(|key| KeyBody::new(key, now)).collect();
    Json(KeysBody { keys })
}

async fn create(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<NewKeyBody>, ApiError> {
    let wanted = "the body must be like {\"name\":\"ops\",\"scopes\":[\"read\"]}";
    let request: KeyRequest = body::json(body, BODY_BYTES_MAX, wanted).await?;
    let KeyRequest { name, scopes, partners, expires_in } = request;
    let now = app.now();
    let lasts_ms = expires_in.map(|text| duration_ms("expires_in", &text)).transpose()?;
    let expires_at = lasts_ms.map(|ms| now.plus_ms(ms));
    let by = (caller.name(), now);
    let grant =
        Grant::new(&name, scopes, &partners, expires_at, by).map_err(|error| invalid(&error))?;
    let (key, text) =
        tokio::task::block_in_place(|| app.keys.create(grant, now)).map_err(failed)?;
    tracing::info!(id = %key.id, name = %key.grant.name, by = caller.name(), "made a key");
    Ok(Json(NewKeyBody { key: text, about: KeyBody::new(&key, now) }))
}

async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<KeyBody>, ApiError> {
    let now = app.now();
    let revoked = tokio::task::block_in_place(|| app.keys.revoke(&id, now)).map_err(failed)?;
    let key = revoked.ok_or_else(|| unknown(&id))?;
    tracing::info!(%id, name = %key.grant.name, by = caller.name(), "revoked a key");
    Ok(Json(KeyBody::new(&key, now)))
}

async fn rotate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<NewKeyBody>, ApiError> {
    let wanted = "the body must be like {\"overlap\":\"7d\"}";
    let RotateRequest { overlap } = body::json(body, BODY_BYTES_MAX, wanted).await?;
    let now = app.now();
    let overlap_ms = overlap.map_or(Ok(0), |text| duration_ms("overlap", &text))?;
    let until = now.plus_ms(overlap_ms);
    let rotated = tokio::task::block_in_place(|| app.keys.rotate(&id, caller.name(), now, until));
    let (key, text) = rotated.map_err(failed)?.ok_or_else(|| unknown(&id))?;
    tracing::info!(%id, new = %key.id, by = caller.name(), "rotated a key");
    Ok(Json(NewKeyBody { key: text, about: KeyBody::new(&key, now) }))
}

fn duration_ms(field: &'static str, text: &str) -> Result<i64, ApiError> {
    parse_duration_or_zero_ms(text).map_err(|error| invalid(&GrantError(field, error.to_string())))
}

fn invalid(error: &GrantError) -> ApiError {
    ApiError::new(ErrorCode::InvalidKey, error.to_string())
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("key {:?}", excerpt(id)))
}

fn failed(error: KeysError) -> ApiError {
    match error {
        KeysError::Store(error) => error.into(),
        error @ (KeysError::TooMany | KeysError::Revoked(_)) => {
            ApiError::new(ErrorCode::InvalidKey, error.to_string())
        }
        error => ApiError::internal(&error),
    }
}
