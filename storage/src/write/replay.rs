//! Replaying the journal into the head after a start.

use std::num::NonZero;

use parking_lot::Mutex;

use super::journal;
use crate::catalog::Catalog;
use crate::db::{Database, Entries, Family, WriteBatch, meta, u64_of};
use crate::error::{Error, Result};
use crate::memory::{Generation, Head};
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth, TimestampMs};

/// What the journal held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replayed {
    /// The sequence number of the next append.
    pub(crate) next_sequence: u64,
    /// The newest slot of its cells.
    pub(crate) newest: Slot,
}

/// Adds every unsealed journal record to the head, on every core: cells merge in any order.
///
/// # Errors
/// When the database cannot be read or written. A damaged record is no error: it is set aside.
pub(crate) fn replay_journal(
    db: &Database,
    catalog: &Catalog,
    head: &Head,
    width: SlotWidth,
) -> Result<Replayed> {
    let sealed = db.get(Family::Meta, meta::SEALED_SEQ)?.as_deref().and_then(u64_of);
    let next_sequence = sealed.unwrap_or(0) + 1;
    let records = Mutex::new(db.entries_from(Family::Journal, &next_sequence.to_be_bytes()));
    let active = head.active();
    let replay = Replay { db, catalog, active: &active, width, records: &records };
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
struct Replay<'a> {
    db: &'a Database,
    catalog: &'a Catalog,
    active: &'a Generation,
    width: SlotWidth,
    records: &'a Mutex<Entries>,
}

/// A journal record with its sequence number.
type NumberedRecord = (u64, Box<[u8]>);

impl Replay<'_> {
    /// Replays records until none are left. Returns what this worker saw of them.
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

    /// The next records, several at a time so that small ones do not cost a lock each.
    fn take(&self) -> Result<Vec<NumberedRecord>> {
        const BYTES: usize = 64 << 10;
        let mut taken = Vec::new();
        let mut bytes = 0;
        let mut records = self.records.lock();
        while bytes < BYTES {
            let Some((sequence, record)) = records.next().transpose()? else { break };
            let sequence =
                u64_of(&sequence).ok_or_else(|| Error::corrupt("a journal key", "not 8 bytes"))?;
            bytes += record.len();
            taken.push((sequence, record));
        }
        Ok(taken)
    }

    /// Adds a record's cells to the head, or sets the record aside. Returns its newest slot.
    fn add(&self, sequence: u64, record: &[u8]) -> Result<Slot> {
        let cells = match decode_known(sequence, record, self.catalog, self.width) {
            Ok(cells) => cells,
            Err(error) => {
                tracing::warn!(%error, "a journal record is set aside; the rest is replayed");
                set_aside(self.db, sequence, record)?;
                return Ok(Slot(0));
            }
        };
        // The time of receipt is not stored. With the oldest time possible it is sealed soon.
        self.active.note_append(TimestampMs(0), record.len());
        let mut newest = Slot(0);
        for (stream, slot, value) in cells {
            if let Some(at) = value.last_at() {
                self.catalog.saw(stream, at);
            }
            self.catalog.saw_slot(stream, slot);
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
    catalog: &Catalog,
    width: SlotWidth,
) -> Result<Vec<(StreamId, Slot, SlotValue)>> {
    let cells = journal::decode_record(sequence, record, width)?;
    match cells.iter().find(|(stream, _, _)| !catalog.contains(*stream)) {
        Some((stream, _, _)) => Err(Error::corrupt(
            format!("journal record {sequence}"),
            format!("there is no stream {}", stream.0),
        )),
        None => Ok(cells),
    }
}

/// Moves a journal record that cannot be replayed out of the journal and keeps it in another place. So
/// sealing does not delete it, and the next start does not try to replay it again.
fn set_aside(db: &Database, sequence: u64, record: &[u8]) -> Result<()> {
    let sequence = sequence.to_be_bytes();
    let mut write = WriteBatch::default();
    write.put(db, Family::Meta, [meta::DAMAGED_JOURNAL, &sequence].concat(), record);
    write.delete(db, Family::Journal, sequence);
    db.write(write)
}

/// The sequence number of a journal record that was set aside under a key of [`Family::Meta`].
pub(crate) fn sequence_aside(key: &[u8]) -> Option<u64> {
    key.strip_prefix(meta::DAMAGED_JOURNAL).and_then(u64_of)
}
