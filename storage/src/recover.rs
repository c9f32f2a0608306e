//! Opening: checks the format, loads the catalog and replays the journal into the head.

use std::path::Path;

use bincode::config;
use rocksdb::{Direction, IteratorMode, WriteBatch};

use crate::{
    catalog::Catalog,
    damage,
    database::Database,
    error::{Error, Result},
    head::Head,
    journal, key,
    limits::LABEL_BYTES_MAX,
    model::{
        cell::SlotValue,
        stream::{StreamId, StreamKey},
        time::{Slot, SlotWidth, TimestampMs},
    },
    schema::{FORMAT_VERSION, Family, meta},
};

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
            Err(Error::SlotWidth { stored_ms: stored.ms(), asked_ms: asked.ms() })
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

/// Puts every unsealed journal record into the head; returns the next sequence number.
pub(crate) fn replay_journal(db: &Database, catalog: &Catalog, head: &Head) -> Result<u64> {
    let sealed = db.get(Family::Meta, meta::SEALED_SEQ)?.as_deref().and_then(key::u64_of);
    let mut next = sealed.unwrap_or(0) + 1;
    let active = head.active();
    let from = next.to_be_bytes();
    let mode = IteratorMode::From(&from, Direction::Forward);
    for entry in db.raw().iterator_cf(db.family(Family::Journal), mode) {
        let (sequence, record) = entry?;
        let sequence =
            key::u64_of(&sequence).ok_or_else(|| Error::corrupt("a journal key", "not 8 bytes"))?;
        next = sequence + 1;
        let cells = match decode_whole(sequence, &record, catalog.len()) {
            Ok(cells) => cells,
            Err(error) => {
                tracing::warn!(%error, "a journal record is kept aside; the rest is replayed");
                damage::set_aside(db, &sequence.to_be_bytes(), &record)?;
                continue;
            }
        };
        // When it was received is not kept: the oldest time there is has it sealed soon.
        active.note_append(TimestampMs(0), record.len());
        for (stream, slot, value) in cells {
            if let Some(at) = value.last_at() {
                catalog.saw(stream, at);
            }
            active.add(stream, slot, value);
        }
    }
    Ok(next)
}

/// The cells of a journal record: all of them, or an error.
fn decode_whole(
    sequence: u64,
    record: &[u8],
    streams: usize,
) -> Result<Vec<(StreamId, Slot, SlotValue)>> {
    let mut cells = Vec::new();
    journal::decode_record(sequence, record, |stream, slot, value| {
        cells.push((stream, slot, value));
    })?;
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
