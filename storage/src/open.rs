//! Opening: checks the format, loads the catalog and replays the journal into the head.

use std::{num::NonZero, path::Path};

use bincode::config;
use parking_lot::Mutex;
use rocksdb::{DBIterator, Direction, IteratorMode, WriteBatch};

use crate::catalog::streams::Catalog;
use crate::db::damage;
use crate::db::database::Database;
use crate::db::key;
use crate::db::schema::{FORMAT_VERSION, Family, meta};
use crate::error::{Error, Result};
use crate::limits::LABEL_BYTES_MAX;
use crate::memory::head::{Generation, Head};
use crate::model::cell::SlotValue;
use crate::model::stream::{StreamId, StreamKey};
use crate::model::time::{Slot, SlotWidth, TimestampMs};
use crate::write::journal;

/// A stream definition takes its six strings and a few bytes.
const STREAM_BYTES_MAX: usize = 8 * LABEL_BYTES_MAX;

const CONFIG: config::Configuration<
    config::BigEndian,
    config::Varint,
    config::Limit<STREAM_BYTES_MAX>,
> = config::standard().with_big_endian().with_limit::<STREAM_BYTES_MAX>();

/// A stream definition as it lies in [`Family::Streams`].
pub(crate) fn encode_stream(key: &StreamKey) -> Vec<u8> {
    // Encoding checked strings into memory has no way to fail.
    bincode::encode_to_vec(key, CONFIG).unwrap_or_default()
}

/// The first day whose slots are kept.
pub(crate) fn slots_from(db: &Database) -> Result<u32> {
    let stored = db.get(Family::Meta, meta::SLOTS_FROM)?;
    Ok(stored.as_deref().and_then(key::u32_of).unwrap_or(0))
}

/// Checks the format version and slot width, writing both into a new database.
pub(crate) fn check_format(
    db: &Database,
    path: &Path,
    asked: Option<SlotWidth>,
) -> Result<SlotWidth> {
    let damaged = |what: &str| Error::corrupt(format!("the record of the {what}"), "not 4 bytes");
    let Some(found) = db.get(Family::Meta, meta::FORMAT)? else {
        let width = asked.unwrap_or(SlotWidth::DEFAULT);
        let mut write = WriteBatch::default();
        let family = db.family(Family::Meta);
        write.put_cf(family, meta::FORMAT, FORMAT_VERSION.to_be_bytes());
        write.put_cf(family, meta::SLOT_MS, (width.ms() as u32).to_be_bytes());
        db.write(write)?;
        return Ok(width);
    };
    let found = key::u32_of(&found).ok_or_else(|| damaged("format version"))?;
    if found != FORMAT_VERSION {
        return Err(Error::FormatVersion { path: path.into(), found, expected: FORMAT_VERSION });
    }
    let stored = db.get(Family::Meta, meta::SLOT_MS)?.as_deref().and_then(key::u32_of);
    let stored = stored.and_then(|ms| SlotWidth::from_ms(ms.into()));
    let stored = stored.ok_or_else(|| damaged("slot width"))?;
    match asked {
        Some(asked) if asked != stored => {
            Err(Error::SlotWidth { stored_ms: stored.ms(), requested_ms: asked.ms() })
        }
        _ => Ok(stored),
    }
}

/// Loads every stream definition and its newest event time as of the last seal.
pub(crate) fn load_catalog(db: &Database) -> Result<Catalog> {
    let mut catalog = Catalog::default();
    for entry in db.raw().iterator_cf(db.family(Family::Streams), IteratorMode::Start) {
        let (id, definition) = entry?;
        let expected = StreamId(catalog.len() as u32);
        if key::u32_of(&id) != Some(expected.0) {
            return Err(Error::corrupt(
                "the list of streams",
                format!("stream {} is missing", expected.0),
            ));
        }
        let (key, _): (StreamKey, usize) = bincode::decode_from_slice(&definition, CONFIG)
            .map_err(|error| {
                Error::corrupt(
                    format!("the definition of stream {}", expected.0),
                    error.to_string(),
                )
            })?;
        catalog.insert(expected, &key.as_ref());
    }
    for entry in db.raw().iterator_cf(db.family(Family::LastSeen), IteratorMode::Start) {
        let (id, at) = entry?;
        if let (Some(id), Some(at)) = (key::u32_of(&id), key::i64_of(&at)) {
            catalog.saw(StreamId(id), TimestampMs(at));
        }
    }
    Ok(catalog)
}

/// What the journal held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replayed {
    /// The sequence number of the next append.
    pub(crate) next_sequence: u64,
    /// The newest slot of its cells.
    pub(crate) newest: Slot,
}

/// Puts every unsealed journal record into the head, on every core: cells merge in any order.
pub(crate) fn replay_journal(db: &Database, catalog: &Catalog, head: &Head) -> Result<Replayed> {
    let sealed = db.get(Family::Meta, meta::SEALED_SEQ)?.as_deref().and_then(key::u64_of);
    let next_sequence = sealed.unwrap_or(0) + 1;
    let from = next_sequence.to_be_bytes();
    let mode = IteratorMode::From(&from, Direction::Forward);
    let records = Mutex::new(db.raw().iterator_cf(db.family(Family::Journal), mode));
    let active = head.active();
    let replay = Replay { db, catalog, active: &active, records: &records };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(|| replay.run())).collect();
        let mut replayed = Replayed { next_sequence, newest: Slot(0) };
        for worker in workers {
            let share = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            replayed.next_sequence = replayed.next_sequence.max(share.next_sequence);
            replayed.newest = replayed.newest.max(share.newest);
        }
        Ok(replayed)
    })
}

/// One replay, shared by its workers.
struct Replay<'a, 'db> {
    db: &'a Database,
    catalog: &'a Catalog,
    active: &'a Generation,
    records: &'a Mutex<DBIterator<'db>>,
}

/// A journal record with its sequence number.
type NumberedRecord = (u64, Box<[u8]>);

impl Replay<'_, '_> {
    /// Replays records until none are left; returns what this worker saw of them.
    fn run(&self) -> Result<Replayed> {
        let mut replayed = Replayed { next_sequence: 0, newest: Slot(0) };
        loop {
            let records = self.take()?;
            let Some((last, _)) = records.last() else { return Ok(replayed) };
            replayed.next_sequence = last + 1;
            for (sequence, record) in records {
                replayed.newest = replayed.newest.max(self.add(sequence, &record)?);
            }
        }
    }

    /// The next records, a few at a time so that small ones do not cost a lock each.
    fn take(&self) -> Result<Vec<NumberedRecord>> {
        const BYTES: usize = 64 << 10;
        let mut taken = Vec::new();
        let mut bytes = 0;
        let mut records = self.records.lock();
        while bytes < BYTES {
            let Some((sequence, record)) = records.next().transpose()? else { break };
            let sequence = key::u64_of(&sequence)
                .ok_or_else(|| Error::corrupt("a journal key", "not 8 bytes"))?;
            bytes += record.len();
            taken.push((sequence, record));
        }
        Ok(taken)
    }

    /// Adds a record's cells to the head, or sets it aside; returns its newest slot.
    fn add(&self, sequence: u64, record: &[u8]) -> Result<Slot> {
        let cells = match decode_known(sequence, record, self.catalog.len()) {
            Ok(cells) => cells,
            Err(error) => {
                tracing::warn!(%error, "a journal record is kept aside; the rest is replayed");
                damage::set_aside(self.db, &sequence.to_be_bytes(), record)?;
                return Ok(Slot(0));
            }
        };
        // When it was received is not kept: the oldest time there is has it sealed soon.
        self.active.note_append(TimestampMs(0), record.len());
        let mut newest = Slot(0);
        for (stream, slot, value) in cells {
            if let Some(at) = value.last_at() {
                self.catalog.saw(stream, at);
            }
            newest = newest.max(slot);
            self.active.add(stream, slot, value);
        }
        Ok(newest)
    }
}

/// The cells of a journal record whose streams are all known: all of them, or an error.
fn decode_known(
    sequence: u64,
    record: &[u8],
    streams: usize,
) -> Result<Vec<(StreamId, Slot, SlotValue)>> {
    let cells = journal::decode_record(sequence, record)?;
    match cells.iter().find(|(stream, _, _)| stream.0 as usize >= streams) {
        Some((stream, _, _)) => Err(Error::corrupt(
            format!("journal record {sequence}"),
            format!("there is no stream {}", stream.0),
        )),
        None => Ok(cells),
    }
}

/// The newest slot that was ever sealed.
pub(crate) fn sealed_slot(db: &Database) -> Result<Slot> {
    let found = db.get(Family::Meta, meta::SEALED_SLOT)?;
    Ok(Slot(found.as_deref().and_then(key::u32_of).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
