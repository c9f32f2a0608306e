//! What is stored about a thread, the deliveries of one alert to one receiver, beside the outbox: the
//! target that got the trigger, the receiver it was handed over to, and the message that others reply to.

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
    /// The first message of the alert, where what follows can be replies to it.
    pub(super) message: Option<SentMessage>,
}

/// A message that a target has taken.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct SentMessage {
    /// Fingerprint of the target.
    pub(super) fingerprint: String,
    /// What the target calls the message.
    pub(super) id: String,
}

impl ThreadNotes {
    /// The message that later ones to the target of this fingerprint are replies to.
    pub(super) fn reply_to(&self, fingerprint: &str) -> Option<&str> {
        let message = self.message.as_ref().filter(|it| it.fingerprint == fingerprint)?;
        Some(&message.id)
    }
}

pub(super) fn read(store: &Store, thread: &Thread) -> Result<ThreadNotes> {
    let Some(row) = store.get(Table::Receiver, &key(thread))? else {
        return Ok(ThreadNotes::default());
    };
    Ok(row::decode("notes of a thread", &row).unwrap_or_else(|error| {
        // Of another version, or damaged: it must not hold up the deliveries.
        tracing::warn!(%error, "what is stored beside the deliveries of an alert is ignored");
        ThreadNotes::default()
    }))
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
