//! Writing: a batch goes through a queue to the one writer, which writes it to the journal, adds it to the
//! head and passes it to feeds. After a start the journal is replayed into the head.

mod batch;
mod feed;
mod forget;
mod idempotency;
mod journal;
mod queue;
mod replay;
mod writer;

pub use batch::{Batch, BatchBuilder};
pub use feed::Feed;
pub use idempotency::IdempotencyKey;
pub use journal::AppendedCell;
pub use writer::Appended;

#[cfg(fuzzing)]
pub(crate) use journal::decode_record;
pub(crate) use queue::Queue;
pub(crate) use replay::{replay_journal, sequence_aside};
pub(crate) use writer::counted;
