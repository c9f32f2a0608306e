//! `POST /api/v1/backups`: a backup on the server's own machine, while it serves.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use plimsoll_storage::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::ApiError;

/// The body is one path.
const BODY_BYTES_MAX: usize = 16 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupRequest {
    to: PathBuf,
}

/// What was written.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BackupBody {
    to: PathBuf,
    bytes: u64,
    files: u64,
}

pub(crate) async fn create(
    State(app): State<App>,
    body: Body,
) -> Result<Json<BackupBody>, ApiError> {
    let body = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| ApiError::too_large("the body", BODY_BYTES_MAX))?;
    let BackupRequest { to } = serde_json::from_slice(&body).map_err(|error| {
        ApiError::malformed(format!("the body must be {{\"to\":\"/path\"}}: {error}"))
    })?;
    check_target(&to, app.backup_dir.as_deref())?;
    let (store, target) = (Arc::clone(&app.store), to.clone());
    let made = tokio::task::spawn_blocking(move || store.backup(&target)).await;
    let backup = made.map_err(|_| Error::Closed)?.map_err(|error| refusal(&to, error))?;
    tracing::info!(to = %to.display(), bytes = backup.bytes, files = backup.files, "made a backup");
    Ok(Json(BackupBody { to, bytes: backup.bytes, files: backup.files }))
}

/// Backups are made below the directory that the server was given for them, and nowhere else:
/// whoever can reach the API must not be able to write where they like.
fn check_target(to: &Path, backup_dir: Option<&Path>) -> Result<(), ApiError> {
    let Some(backup_dir) = backup_dir else {
        let detail = "this server makes no backups: start it with --backup-dir DIR";
        return Err(ApiError::forbidden("backups_off", detail));
    };
    let climbs = to.components().any(|part| part == Component::ParentDir);
    if climbs || !to.starts_with(backup_dir) || to == backup_dir {
        let detail = format!("`to` must be a directory below {}", backup_dir.display());
        return Err(ApiError::forbidden("outside_backup_dir", detail));
    }
    Ok(())
}

/// Whoever asks must learn why the path cannot be written; nothing of it is a secret.
fn refusal(to: &Path, error: Error) -> ApiError {
    match error {
        Error::NotEmpty { .. } | Error::Closed => error.into(),
        other => {
            tracing::error!(to = %to.display(), error = %other, "a backup failed");
            ApiError::conflict("backup_failed", format!("the backup failed: {other}"))
        }
    }
}
