//! RocksDB, and the only room that knows it: column families and how they are tuned, keys, writes, rows,
//! snapshots, the tables of upper crates, and damaged blocks.

mod damage;
mod database;
mod key;
mod merge;
mod rows;
mod schema;
mod snapshot;
mod tables;
mod write_batch;

pub use database::is_database;
pub use tables::{Order, Record, Table, TableBatch};

pub(crate) use database::Database;
pub(crate) use key::{ExemplarKey, day_start, i64_of, u32_of, u64_of};
pub(crate) use merge::WithoutMerging;
pub(crate) use rows::{Entries, Rows};
pub(crate) use schema::{FORMAT_VERSION, Family, meta};
pub(crate) use snapshot::{DayFiles, Snapshot};
pub(crate) use write_batch::WriteBatch;
