//! RocksDB, and the only room that knows it: column families and how they are tuned, keys, writes, rows,
//! snapshots, the tables of upper crates, damaged places, and what damage has lost.

mod closing;
mod damage;
mod database;
mod directory;
mod files;
mod key;
mod merge;
mod recovery;
mod repair;
mod rows;
mod schema;
mod snapshot;
mod tables;
mod wal;
mod write_batch;

pub use damage::Loss;
pub use files::is_database;
pub use recovery::{DamagedFile, Recovery, WriteFailure};
pub use tables::{Order, Record, Table, TableBatch};

pub(crate) use damage::{Blocks, WalkDamage};
pub(crate) use database::Database;
pub(crate) use key::{ExemplarKey, day_start, i64_of, u32_of, u64_of};
pub(crate) use merge::WithoutMerging;
pub(crate) use repair::{Repaired, repair};
pub(crate) use rows::{Entries, Rows};
pub(crate) use schema::{FORMAT_VERSION, Family, meta};
pub(crate) use snapshot::{DayFiles, Snapshot};
pub(crate) use wal::restore_current;
pub(crate) use write_batch::WriteBatch;

/// Decodes bytes as everything that a start reads before the database is open.
#[cfg(fuzzing)]
pub(crate) fn try_log_files(bytes: &[u8]) {
    wal::decode_files(bytes);
    let _ = damage::Loss::decode(bytes);
}
