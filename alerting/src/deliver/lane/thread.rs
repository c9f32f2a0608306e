//! What is stored about a thread, the deliveries of one alert to one receiver, beside the outbox: the
//! target that got the trigger, and the receiver it was handed over to.

use bincode::{Decode, Encode};
use plimsoll_storage::{Store, Table, TableBatch};

use crate::deliver::schedule::queue::Thread;
use crate::error::Result;
use crate::records::row;

/// Prefix of rows, followed by the thread. Value: [`ThreadNotes`].
const NOTES: u8 = b'n';

/// Who got the trigger of an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct ThreadNotes {
    /// Fingerprint of the target that was notified, when it is not the one the alert knows.
    pub(super) notified: Option<String>,
    /// The receiver it was handed over to, and the fingerprint of its target.
    pub(super) handed_to: Option<(String, String)>,
}

pub(super) fn read(store: &Store, thread: &Thread) -> Result<ThreadNotes> {
    let row = store.get(Table::Receiver, &key(thread))?;
    row.map_or_else(|| Ok(ThreadNotes::default()), |row| row::decode("notes of a thread", &row))
}

/// Writes the notes; removes them when they are empty.
pub(super) fn write(batch: &mut TableBatch, thread: &Thread, notes: &ThreadNotes) {
    if *notes == ThreadNotes::default() {
        batch.delete(Table::Receiver, &key(thread));
    } else {
        batch.put(Table::Receiver, &key(thread), row::encode(notes));
    }
}

fn key(thread: &Thread) -> Vec<u8> {
    [&[NOTES], thread.as_slice()].concat()
}
