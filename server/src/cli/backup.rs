//! `plimsoll backup`: a consistent copy of the database in another directory.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_storage::{Backup, Options, Store, is_database, tidy_backups};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::CommandError;
use super::client::Client;

/// How long a server may take to copy its database.
const BACKUP_TIMEOUT: Duration = Duration::from_hours(6);

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("source").required(true).args(["url", "data_dir"])))]
pub(super) struct Args {
    /// Running server, which writes the backup on its machine
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Data directory that no server uses
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Directory of the backup; must be missing or empty
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// The size of a backup.
#[derive(Debug, Deserialize)]
struct BackupSize {
    bytes: u64,
    files: u64,
    #[serde(default)]
    damaged: Vec<String>,
    #[serde(default)]
    damaged_count: u64,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let done = match (&args.data_dir, &args.url) {
        (Some(data_dir), _) => from_directory(data_dir, &args.to)?,
        (None, Some(url)) => from_server(url, &args.to)?,
        (None, None) => return Err("give --data-dir DIR or --url URL".into()),
    };
    let size = indicatif::BinaryBytes(done.bytes);
    writeln!(io::stdout(), "backed up {} files, {size}, to {}", done.files, args.to.display())?;
    if done.damaged_count > 0 {
        for name in &done.damaged {
            writeln!(io::stdout(), "damaged: {name}")?;
        }
        let count = done.damaged_count;
        return Err(format!(
            "the database is damaged in {count} places, and so is the backup; keep older backups"
        )
        .into());
    }
    Ok(())
}

fn from_directory(data_dir: &Path, to: &Path) -> Result<BackupSize, CommandError> {
    let store = open_existing(data_dir)?;
    let backup = store.backup(to)?;
    let Backup { bytes, files, damaged, damaged_count } = backup;
    Ok(BackupSize { bytes, files, damaged, damaged_count })
}

/// Removes what an earlier process has left of backups that it did not finish.
pub(super) fn remove_unfinished(backup_dir: Option<&Path>) {
    let Some(directory) = backup_dir else { return };
    if let Err(error) = tidy_backups(directory) {
        tracing::warn!(%error, "unfinished backups are left");
    }
}

/// Opens the store of a data directory.
///
/// # Errors
/// The directory holds no database (none is created), or the database cannot be opened.
pub(super) fn open_existing(data_dir: &Path) -> Result<Store, CommandError> {
    // A directory with parts of a damaged database is opened as well: the store reports the damage.
    let has_file = |end: &str| {
        let mut files = std::fs::read_dir(data_dir).into_iter().flatten().flatten();
        files.any(|file| file.file_name().to_string_lossy().contains(end))
    };
    if !is_database(data_dir) && !has_file("MANIFEST-") && !has_file(".sst") {
        return Err(format!("there is no Plimsoll database in {}", data_dir.display()).into());
    }
    Ok(Store::open(&Options::new(data_dir))?)
}

fn from_server(url: &str, to: &Path) -> Result<BackupSize, CommandError> {
    let to = std::path::absolute(to)?;
    let client = Client::new(url)?;
    let request = client.request(Method::POST, "/api/v1/backups").json(&json!({ "to": to }));
    let request = request.timeout(BACKUP_TIMEOUT);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { Ok(client.send(request).await?.json().await?) })
}
