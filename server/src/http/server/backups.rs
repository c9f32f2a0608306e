//! `POST /api/v1/backups`: a backup on the machine of the server, while it runs.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use plimsoll_storage::{Backup, Error, is_unfinished_backup};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::body;
use crate::http::call::Call;

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
    /// What cannot be read in the backup, by name, the first hundred: the database itself is damaged.
    damaged: Vec<String>,
    /// How many places cannot be read.
    damaged_count: u64,
}

pub(crate) fn calls() -> Vec<Call> {
    use ErrorCode::{
        BackupFailed, BackupTooDeep, BackupsOff, BodyTooLarge, Busy, MalformedBody, NotEmpty,
        OutsideBackupDir, Overloaded, TooManyBackups,
    };
    vec![
        Call::post("/api/v1/backups", create)
            .scope(Scope::Admin)
            .about(
                "Copy the database as it is now",
                "Below the directory of `--backup-dir`. Everything in the backup is read again.",
            )
            .body(&[("application/json", r#"{"to":"/backups/monday"}"#)])
            .answers::<BackupBody>()
            .errors(&[MalformedBody, BodyTooLarge, BackupsOff, OutsideBackupDir])
            .errors(&[NotEmpty, BackupFailed, BackupTooDeep, TooManyBackups, Busy, Overloaded]),
    ]
}

async fn create(State(app): State<App>, body: Body) -> Result<Json<BackupBody>, ApiError> {
    let wanted = "the body must be {\"to\":\"/path\"}";
    let BackupRequest { to } = body::json(body, BODY_BYTES_MAX, wanted).await?;
    let backup_dir = check_target(&to, app.backup_dir.as_deref())?;
    let (store, target) = (Arc::clone(&app.store), to.clone());
    let made = tokio::task::spawn_blocking(move || store.backup_below(&backup_dir, &target)).await;
    let backup = made.map_err(|_| Error::Closed)?.map_err(|error| failure(&to, error))?;
    let Backup { bytes, files, damaged, damaged_count } = backup;
    if damaged_count > 0 {
        tracing::error!(to = %to.display(), damaged_count, ?damaged, "a backup of a damaged database");
    }
    tracing::info!(to = %to.display(), bytes, files, "made a backup");
    Ok(Json(BackupBody { to, bytes, files, damaged, damaged_count }))
}

/// Backups are only made below the configured directory: a client of the API must not be able to write
/// anywhere else, also not through a link. Returns the configured directory.
fn check_target(to: &Path, backup_dir: Option<&Path>) -> Result<PathBuf, ApiError> {
    let Some(backup_dir) = backup_dir else {
        let detail = "this server makes no backups: start it with --backup-dir DIR";
        return Err(ApiError::new(ErrorCode::BackupsOff, detail));
    };
    if to.components().any(|part| is_unfinished_backup(part.as_os_str())) {
        let detail =
            "`to` must not have the ending of backups that are being made, which are removed";
        return Err(ApiError::new(ErrorCode::OutsideBackupDir, detail));
    }
    let climbs = to.components().any(|part| part == Component::ParentDir);
    if climbs || !to.starts_with(backup_dir) || to == backup_dir {
        let detail = format!("`to` must be a directory below {}", backup_dir.display());
        return Err(ApiError::new(ErrorCode::OutsideBackupDir, detail));
    }
    if leads_out(to, backup_dir) {
        let detail = format!("`to` leads out of {} by a symbolic link", backup_dir.display());
        return Err(ApiError::new(ErrorCode::OutsideBackupDir, detail));
    }
    Ok(backup_dir.to_owned())
}

/// Whether a link on the way to a target below a directory leads out of it, or to nothing.
fn leads_out(to: &Path, directory: &Path) -> bool {
    let Ok(directory) = directory.canonicalize() else {
        // There is nothing below a directory that is missing.
        return directory.is_symlink();
    };
    let existing = to.ancestors().find(|path| path.symlink_metadata().is_ok());
    let place = existing.and_then(|path| path.canonicalize().ok());
    !place.is_some_and(|place| place.starts_with(&directory))
}

/// The client learns why the path cannot be written; nothing of that is secret.
fn failure(to: &Path, error: Error) -> ApiError {
    match error {
        Error::NotEmpty { .. }
        | Error::Busy { .. }
        | Error::TooManyBackups { .. }
        | Error::TooManyFolders { .. }
        | Error::TooDeep { .. }
        | Error::Closed => error.into(),
        other => {
            tracing::error!(to = %to.display(), error = %other, "a backup failed");
            ApiError::new(ErrorCode::BackupFailed, format!("the backup failed: {other}"))
        }
    }
}
