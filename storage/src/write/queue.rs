//! The queue of the writer, and its thread.

use std::path::Path;
use std::sync::{Arc, mpsc as sync_mpsc};
use std::thread::{JoinHandle, yield_now};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::batch::Batch;
use super::feed::Tap;
use super::idempotency::IdempotencyKey;
use super::writer::{Append, Appended, Message, Writer};
use crate::error::{Error, Result};
use crate::limits::{self, APPEND_QUEUE_MAX, RECORD_BYTES_MAX};
use crate::model::time::{Slot, TimestampMs};
use crate::shared::Shared;

/// Passes messages to the writer. When it is dropped, the writer finishes what is waiting and ends.
#[derive(Debug)]
pub(crate) struct Queue {
    shared: Arc<Shared>,
    /// `None` only while it is dropped.
    messages: Option<mpsc::Sender<Message>>,
    writer: Option<JoinHandle<()>>,
}

impl Queue {
    /// Starts the writer of the store at `path`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(shared: &Arc<Shared>, next_sequence: u64, path: &Path) -> Result<Self> {
        let (messages, receiver) = mpsc::channel(APPEND_QUEUE_MAX);
        let writer = Writer::new(Arc::clone(shared), next_sequence);
        let writer = std::thread::Builder::new()
            .name("plimsoll-writer".into())
            .spawn(move || writer.run(receiver))
            .map_err(|source| Error::Io {
                action: "start the writer for",
                path: path.into(),
                source,
            })?;
        Ok(Self { shared: Arc::clone(shared), messages: Some(messages), writer: Some(writer) })
    }

    /// Queues a batch. The answer arrives once it is written.
    ///
    /// # Errors
    /// [`Error::BatchTooLarge`], [`Error::Busy`], [`Error::Closed`].
    pub(crate) fn append(
        &self,
        batch: Batch,
        items: u64,
        idempotency_key: Option<IdempotencyKey>,
        received_at: TimestampMs,
    ) -> Result<oneshot::Receiver<Result<Appended>>> {
        let bytes = batch.encoded_bytes();
        if bytes > RECORD_BYTES_MAX {
            return Err(Error::BatchTooLarge { bytes, limit: RECORD_BYTES_MAX });
        }
        if self.shared.head.size_bytes() > limits::head_bytes_max(self.shared.memory_bytes) {
            return Err(Error::Busy { reason: "the head is full and waits for sealing" });
        }
        let (reply, answer) = oneshot::channel();
        let append = Append { batch, idempotency_key, items, received_at, reply };
        let messages = self.messages.as_ref().ok_or(Error::Closed)?;
        match messages.try_send(Message::Append(Box::new(append))) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => {
                Err(Error::Busy { reason: "too many appends are waiting" })
            }
            Err(TrySendError::Closed(_)) => Err(Error::Closed),
        }
    }

    /// Freezes the active generation. A feed with `tap` begins at that point.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(crate) fn freeze(&self, tap: Option<Tap>) -> Result<()> {
        self.ask(|reply| Message::Freeze { tap, reply })
    }

    /// Forgets some streams without a cell from a slot on, and returns how many. The caller prevents writes
    /// of blocks, and knows that none holds an earlier cell.
    ///
    /// # Errors
    /// [`Error::Closed`], or when the database cannot be written.
    pub(crate) fn forget(&self, before: Slot) -> Result<usize> {
        self.ask(|reply| Message::Forget { before, reply })?
    }

    /// Sends the writer a message and waits for its answer.
    fn ask<T>(&self, message: impl FnOnce(sync_mpsc::Sender<T>) -> Message) -> Result<T> {
        let (reply, answer) = sync_mpsc::channel();
        let mut message = message(reply);
        loop {
            let messages = self.messages.as_ref().ok_or(Error::Closed)?;
            match messages.try_send(message) {
                Ok(()) => return answer.recv().map_err(|_| Error::Closed),
                Err(TrySendError::Closed(_)) => return Err(Error::Closed),
                Err(TrySendError::Full(unsent)) => {
                    // The writer takes a whole group from the queue at a time.
                    message = unsent;
                    yield_now();
                }
            }
        }
    }

    /// Whether the writer runs. It ends early only in a panic.
    pub(crate) fn is_running(&self) -> bool {
        self.messages.as_ref().is_some_and(|messages| !messages.is_closed())
    }

    /// How many messages wait for the writer.
    pub(crate) fn waiting(&self) -> usize {
        self.messages.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.messages = None;
        let ended = self.writer.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) {
            tracing::error!("the writer ended in a panic");
        }
    }
}
