//! What is remembered of a thread, the deliveries of one alert to one receiver, beyond what is in the
//! outbox: who was told in place of the receiver. Written in the commit that makes it so.

use bincode::{Decode, Encode};
use plimsoll_storage::{Store, Table, TableBatch};

use super::queue::Thread;
use crate::error::Result;
use crate::records::row;

/// Prefix of rows, followed by the thread. Value: [`Notes`].
const NOTES: u8 = b'n';

/// Who heard of the beginning of an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct Notes {
    /// The target that was told, when it is not the one the alert knows.
    pub(super) told: Option<String>,
    /// The receiver that was told in its place, and its target.
    pub(super) handed_to: Option<(String, String)>,
}

pub(super) fn read(store: &Store, thread: &Thread) -> Result<Notes> {
    let row = store.get(Table::Receiver, &key(thread))?;
    row.map_or_else(|| Ok(Notes::default()), |row| row::decode("notes of a thread", &row))
}

/// Writes the notes, or removes them when there is nothing to note.
pub(super) fn write(batch: &mut TableBatch, thread: &Thread, notes: &Notes) {
    if *notes == Notes::default() {
        batch.delete(Table::Receiver, &key(thread));
    } else {
        batch.put(Table::Receiver, &key(thread), row::encode(notes));
    }
}

fn key(thread: &Thread) -> Vec<u8> {
    [&[NOTES], thread.as_slice()].concat()
}
