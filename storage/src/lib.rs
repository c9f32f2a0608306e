//! The storage engine of Plimsoll: per-partner activity and gauge streams, cut into slots, kept in
//! RocksDB.
//!
//! A batch goes through the writer into the journal (durable) and the head (visible), is sealed into blocks
//! and read back through [`Store::scan`]. See `ARCHITECTURE.md`.
//!
//! # Rooms
//!
//! Each room imports only rooms before it:
//!
//! `error`, `limits` → `model` → `codec` → `options` → `catalog` → `db` → `memory` → `shared` → `write` →
//! `read` → `maintain` → `open` → `inspect` → `backup` → `repair` → `store`.
//!
//! `db` is the only room that knows RocksDB, and `store` the only one with an `impl Store`.

mod backup;
#[cfg(feature = "bench")]
pub mod bench;
mod catalog;
mod codec;
mod db;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod inspect;
pub mod limits;
mod maintain;
mod memory;
mod model;
mod open;
mod options;
mod read;
mod repair;
mod shared;
mod store;
mod write;

pub use backup::{Backup, is_unfinished_backup, restore, tidy_backups};
pub use catalog::{
    Cardinality, LabelMatchers, Matcher, Pattern, PatternError, SelectorError, Steps, ValueCounts,
    stream_name,
};
pub use codec::Columns;
pub use db::{
    DamagedFile, Loss, Order, Record, Recovery, Table, TableBatch, WriteFailure, is_database,
};
pub use error::{Error, MostValues, Result, StreamLimit};
pub use inspect::{FamilyBytes, Inspection, ResolutionCount, Stats, StreamUsage};
pub use maintain::Sealed;
pub use model::bucket::{Bucket, SCALE_MAX, bucket_lower_s, bucket_upper_s};
pub use model::cell::{Cell, SlotValue};
pub use model::exemplar::{Exemplar, IdName, Ids};
pub use model::gauge::GaugeCell;
pub use model::histogram::{Histogram, HistogramError};
pub use model::labels::{Label, LabelError, check_text, normal_label};
pub use model::outcome::{Outcome, OutcomeCounts};
pub use model::quantile::{Quantile, quantile_rank};
pub use model::resolution::Resolution;
pub use model::stream::{StreamId, StreamKey, StreamKind, StreamRef};
pub use model::sum::CellSum;
pub use model::time::{Slot, SlotWidth, TimestampMs};
pub use options::{Durability, Options, Retention};
pub use read::{BestExemplars, Cursor, ExemplarKind, ExemplarQuery, FeedPast, Reader, Scan};
pub use repair::{RepairedFile, repair};
pub use store::Store;
pub use write::{Appended, AppendedCell, Batch, BatchBuilder, Feed, IdempotencyKey};
