//! Opening a store: checks the format, loads the catalog and replays the journal into the head.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use parking_lot::RwLock;

use crate::catalog::{
    Catalog, FORGOTTEN, Pending, SentTimes, Shares, decode_stream, encode_stream,
};
use crate::db::{Database, FORMAT_VERSION, Family, Loss, WriteBatch, meta, u32_of};
use crate::error::{Error, Result};
use crate::limits::{MEMORY_BYTES_MIN, STREAM_IDS_MAX, STREAMS_MAX, STREAMS_MAX_MIN};
use crate::memory::{Head, NO_TIME, Timeline};
use crate::model::stream::{StreamId, StreamKey, StreamKind, StreamRef};
use crate::model::time::{Slot, SlotWidth};
use crate::options::Options;
use crate::shared::{AppendCounts, Shared};
use crate::write::replay_journal;

/// Opens the store in a data directory, which is created when missing. Returns its parts and the sequence
/// number of the next append.
///
/// # Errors
/// When the directory is in use, has another format or slot width, or cannot be read.
pub(crate) fn open(options: &Options) -> Result<(Shared, u64)> {
    let path = &options.path;
    std::fs::create_dir_all(path).map_err(|source| Error::Io {
        action: "create the data directory",
        path: path.clone(),
        source,
    })?;
    restrict_access(path);
    let clock = Arc::new(AtomicI64::new(NO_TIME));
    let db = Database::open(path, options.durability, &clock)?;
    let slot_width = check_format(&db, path, options.slot_width)?;
    let retention = options.retention.with_slots_of(slot_width);
    let sealed_slot = Slot(meta_u32(&db, meta::SEALED_SLOT)?);
    let slots_from = meta_u32(&db, meta::SLOTS_FROM)?;
    let (mut catalog, mut lost) = load_catalog(&db, sealed_slot)?;
    lost.extend((catalog.next_id().0..db.mark().streams).map(StreamId));
    define_lost(&db, &mut catalog, &lost, sealed_slot)?;
    db.load_lost_blocks()?;
    let head = Head::new(sealed_slot.plus(1));
    let replayed = replay_journal(&db, &catalog, &head, slot_width)?;
    let timeline = Timeline::new(slot_width, retention, clock, sealed_slot, slots_from);
    timeline.saw_slot(replayed.newest);
    let streams_max = options.streams_max.clamp(STREAMS_MAX_MIN, STREAMS_MAX);
    let shared = Shared {
        losses: db.losses()?,
        db,
        catalog: RwLock::new(catalog),
        pending: Arc::new(Pending::new(Shares { streams_max })),
        head,
        timeline,
        counts: AppendCounts::default(),
        step_changes: AtomicU64::new(0),
        memory_bytes: options.memory_bytes.max(MEMORY_BYTES_MIN),
        cache_growth_bytes_max: options.cache_growth_bytes_max,
    };
    Ok((shared, replayed.next_sequence))
}

/// Takes access to a data directory and the files in it from everybody but their owner: they hold ids of
/// orders. A file of another owner is left as it is.
fn restrict_access(directory: &Path) {
    let files = std::fs::read_dir(directory).into_iter().flatten().filter_map(|entry| entry.ok());
    let files = files.map(|entry| entry.path()).filter(|path| path.is_file());
    for path in files.chain([directory.to_owned()]) {
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let mode = metadata.permissions().mode();
        if mode & ACCESS_OF_OTHERS == 0 {
            continue;
        }
        let kept = Permissions::from_mode(mode & !ACCESS_OF_OTHERS);
        if let Err(error) = std::fs::set_permissions(&path, kept) {
            tracing::warn!(path = %path.display(), %error, "other users may read a file of the store");
        }
    }
}

/// The bits of a mode that give access to the group and to others.
const ACCESS_OF_OTHERS: u32 = 0o077;

/// Checks the format version and slot width. Writes both into a new database, whose width is `requested` or
/// the default.
///
/// # Errors
/// [`Error::FormatVersion`], [`Error::SlotWidth`], or when the database cannot be read or written.
pub(crate) fn check_format(
    db: &Database,
    path: &Path,
    requested: Option<SlotWidth>,
) -> Result<SlotWidth> {
    let damaged = |what: &str| Error::corrupt(format!("the record of the {what}"), "not 4 bytes");
    let Some(found) = db.get(Family::Meta, meta::FORMAT)? else {
        // Without it the slot width is not known either, and numbers would be wrong.
        if db.entries(Family::Streams).next().is_some() {
            let detail = "it is missing; restore a backup with `plimsoll restore`";
            return Err(Error::corrupt("the record of the format", detail));
        }
        let width = requested.unwrap_or(SlotWidth::DEFAULT);
        let mut write = WriteBatch::default();
        write.put(db, Family::Meta, meta::FORMAT, FORMAT_VERSION.to_be_bytes());
        write.put(db, Family::Meta, meta::SLOT_MS, (width.ms() as u32).to_be_bytes());
        db.write(write)?;
        // Damage of the write-ahead log must not take the slot width with it.
        db.flush()?;
        return Ok(width);
    };
    let found = u32_of(&found).ok_or_else(|| damaged("format version"))?;
    if found != FORMAT_VERSION {
        return Err(Error::FormatVersion { path: path.into(), found, expected: FORMAT_VERSION });
    }
    let stored = db.get(Family::Meta, meta::SLOT_MS)?.as_deref().and_then(u32_of);
    let stored = stored.and_then(|ms| SlotWidth::from_ms(ms.into()));
    let stored = stored.ok_or_else(|| damaged("slot width"))?;
    match requested {
        Some(requested) if requested != stored => {
            Err(Error::SlotWidth { stored_ms: stored.ms(), requested_ms: requested.ms() })
        }
        _ => Ok(stored),
    }
}

/// Loads every stream definition and the times that the stream has sent data of. Where they are not known, it
/// may have cells up to `sealed_slot`. Returns besides which streams have lost their definition: they are in
/// the catalog under a name that says so.
///
/// # Errors
/// [`Error::Corrupt`], or when the database cannot be read.
pub(crate) fn load_catalog(db: &Database, sealed_slot: Slot) -> Result<(Catalog, Vec<StreamId>)> {
    // More ids are not given: see `STREAM_IDS_MAX`.
    const IDS: u32 = STREAM_IDS_MAX + 2 * STREAMS_MAX as u32;
    let mut catalog = Catalog::default();
    let mut lost = Vec::new();
    for entry in db.entries(Family::Streams) {
        let (id, definition) = entry?;
        let id = u32_of(&id).filter(|id| *id < IDS).map(StreamId);
        let id = id.ok_or_else(|| Error::corrupt("the list of streams", "a number is damaged"))?;
        for id in (catalog.next_id().0..id.0).map(StreamId) {
            catalog.insert(id, &lost_stream(id).as_ref());
            lost.push(id);
        }
        if *definition == *FORGOTTEN {
            catalog.skip_to(StreamId(id.0 + 1));
            continue;
        }
        let (key, step_slots) = decode_stream(id, &definition)?;
        catalog.insert(id, &key.as_ref());
        catalog.note_step(id, step_slots, Slot(0));
    }
    load_times(db, &catalog, sealed_slot)?;
    Ok((catalog, lost))
}

/// Loads the times that streams have sent data of.
fn load_times(db: &Database, catalog: &Catalog, sealed_slot: Slot) -> Result<()> {
    // Damage may have left older times than those of the blocks.
    let are_slots_whole = db.losses()?.is_empty();
    let mut are_known = vec![false; catalog.next_id().0 as usize];
    for entry in db.entries(Family::LastSeen) {
        let (id, times) = entry?;
        let (Some(id), Some(times)) = (u32_of(&id), SentTimes::decode(&times)) else { continue };
        if let Some(at) = times.last_at {
            catalog.saw(StreamId(id), at);
        }
        let slots = times.slots.filter(|_| are_slots_whole);
        let (Some(slots), Some(is_known)) = (slots, are_known.get_mut(id as usize)) else {
            continue;
        };
        *is_known = true;
        // A new stream has none.
        if slots.0 <= slots.1 {
            catalog.saw_slot(StreamId(id), slots.0);
            catalog.saw_slot(StreamId(id), slots.1);
        }
    }
    for (id, _) in (0..).map(StreamId).zip(are_known).filter(|(_, is_known)| !is_known) {
        saw_any_slot(catalog, id, sealed_slot);
    }
    Ok(())
}

/// Notes that a stream may have cells in any slot that is sealed.
fn saw_any_slot(catalog: &Catalog, id: StreamId, sealed_slot: Slot) {
    catalog.saw_slot(id, Slot(0));
    catalog.saw_slot(id, sealed_slot);
}

/// Defines streams whose definitions are lost, so that their numbers are not given to other streams.
fn define_lost(
    db: &Database,
    catalog: &mut Catalog,
    lost: &[StreamId],
    sealed_slot: Slot,
) -> Result<()> {
    if lost.is_empty() {
        return Ok(());
    }
    let count = lost.len();
    let cause = format!(
        "the names of {count} streams are missing; their cells are kept in streams named {LOST_STREAM}"
    );
    db.keep_loss(&Loss { appends: 0, changes: count as u64, cause })?;
    let mut write = WriteBatch::default();
    for id in lost {
        let key = lost_stream(*id);
        if *id >= catalog.next_id() {
            catalog.insert(*id, &key.as_ref());
            saw_any_slot(catalog, *id, sealed_slot);
        }
        write.put(db, Family::Streams, id.0.to_be_bytes(), encode_stream(&key, 1));
    }
    db.write(write)
}

/// The name of streams whose names are lost.
const LOST_STREAM: &str = "lost";

/// The name of one stream whose name is lost. Its number makes it unique.
fn lost_stream(id: StreamId) -> StreamKey {
    let number = id.0.to_string();
    let labels = [LOST_STREAM, number.as_str(), "", "", ""];
    StreamRef { kind: StreamKind::Activity, name: LOST_STREAM, labels }.to_key()
}

/// A number of [`Family::Meta`]; 0 when it was never written.
fn meta_u32(db: &Database, name: &[u8]) -> Result<u32> {
    Ok(db.get(Family::Meta, name)?.as_deref().and_then(u32_of).unwrap_or(0))
}

#[cfg(test)]
mod tests;
