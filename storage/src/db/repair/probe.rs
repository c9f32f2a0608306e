//! Which table file prevents that a database is opened. Each file is opened alone, because RocksDB's message
//! may name another one.

use std::fs;
use std::path::Path;

use rocksdb::DB;

use crate::db::files::CURRENT;
use crate::db::schema::Setup;
use crate::db::wal::{self, Manifest, TableFile, io_error};
use crate::error::Result;
use crate::options::Durability;

/// Its name in the folder of damaged files, so that it is on the same file system.
const FOLDER: &str = "damaged/probe";

/// The first table file that RocksDB cannot open.
///
/// # Errors
/// When the manifest is damaged, or the directory cannot be written.
pub(super) fn unreadable_file(path: &Path) -> Result<Option<TableFile>> {
    let manifest = Manifest::read(path)?;
    for file in &manifest.files {
        if !is_readable(path, &manifest, file)? {
            return Ok(Some(file.clone()));
        }
    }
    Ok(None)
}

/// Whether RocksDB opens a database that consists of one table file.
fn is_readable(path: &Path, manifest: &Manifest, file: &TableFile) -> Result<bool> {
    let folder = path.join(FOLDER);
    clear(&folder)?;
    fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
    let table = format!("{:06}.sst", file.number);
    if !path.join(&table).exists() {
        return Ok(false);
    }
    fs::hard_link(path.join(&table), folder.join(&table)).map_err(io_error("link", &folder))?;
    let copied = fs::copy(path.join(CURRENT), folder.join(CURRENT));
    copied.map_err(io_error("write", &folder))?;
    let others = manifest.files.iter().filter(|other| other.number != file.number);
    let edits = manifest.edits.iter().cloned().chain(others.map(wal::deletion));
    wal::replace(&folder, &folder.join(manifest.path.file_name().unwrap_or_default()), edits)?;
    let Setup { mut database, families } = Setup::new(Durability::Fsync, &Default::default(), &[]);
    database.create_if_missing(false);
    let opened = DB::open_cf_descriptors_read_only(&database, &folder, families, false);
    let is_readable = opened.is_ok();
    drop(opened);
    clear(&folder)?;
    Ok(is_readable)
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(io_error("remove", folder)(error))
        }
        _ => Ok(()),
    }
}
