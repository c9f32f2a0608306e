//! The storage engine of Plimsoll: per-partner activity and gauge streams, cut into slots, kept in
//! RocksDB.
//!
//! A batch goes through the writer into the journal (durable) and the head (visible), is
//! sealed into blocks and read back through [`Store::scan`]. See `ARCHITECTURE.md`.

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
mod store;
mod write;

pub use backup::{Backup, restore};
pub use catalog::matcher::{LabelMatchers, Matcher, Pattern, PatternError};
pub use codec::Columns;
pub use db::database::is_database;
pub use db::tables::{Order, Record, Table, TableBatch};
pub use error::{Error, Result};
pub use inspect::{FamilyBytes, Inspection, ResolutionCount};
pub use maintain::retention::Retention;
pub use maintain::seal::Sealed;
pub use model::bucket::{Bucket, SCALE_MAX, bucket_lower_s, bucket_upper_s};
pub use model::cell::{Cell, SlotValue};
pub use model::exemplar::{Exemplar, IdName, Ids};
pub use model::gauge::GaugeCell;
pub use model::histogram::{Histogram, HistogramError};
pub use model::labels::{Label, LabelError, check_label};
pub use model::outcome::{Outcome, OutcomeCounts};
pub use model::quantile::{Quantile, quantile_rank};
pub use model::resolution::Resolution;
pub use model::stream::{StreamId, StreamKey, StreamKind, StreamRef};
pub use model::sum::CellSum;
pub use model::time::{Slot, SlotWidth, TimestampMs};
pub use options::{Durability, Options};
pub use read::exemplars::{BestExemplars, ExemplarKind, ExemplarQuery, StreamExemplar};
pub use read::scan::{Cursor, Reader, Scan};
pub use store::{Stats, Store};
pub use write::batch::{Batch, BatchBuilder};
pub use write::feed::{Feed, FeedPast};
pub use write::writer::Appended;
