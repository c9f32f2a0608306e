//! The storage engine of Plimsoll: per-partner activity and gauge streams, cut into slots, kept in
//! RocksDB.
//!
//! A batch goes through the writer into the journal (durable) and the head (visible), is
//! sealed into blocks and read back through [`Store::scan`]. See `ARCHITECTURE.md`.

mod ageing;
mod aggregate;
mod backup;
mod batch;
#[cfg(feature = "bench")]
pub mod bench;
mod catalog;
mod codec;
mod cursor;
mod damage;
mod database;
mod error;
mod exemplars;
mod feed;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
mod index;
mod inspect;
mod journal;
mod key;
pub mod limits;
mod matcher;
mod merge;
mod model;
mod options;
mod recover;
mod resident;
mod retention;
mod scan;
mod schema;
mod seal;
mod store;
mod tables;
mod tidy;
mod warm;
mod writer;

pub use backup::{Backup, restore};
pub use batch::{Batch, BatchBuilder};
pub use codec::Columns;
pub use database::is_database;
pub use error::{Error, Result};
pub use exemplars::{BestExemplars, ExemplarKind, ExemplarQuery, StreamExemplar};
pub use feed::{Feed, FeedPast};
pub use inspect::{FamilyBytes, Inspection, ResolutionCount};
pub use matcher::{LabelMatchers, Matcher, Pattern, PatternError};
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
pub use retention::Retention;
pub use scan::{Cursor, Reader, Scan};
pub use seal::Sealed;
pub use store::{Stats, Store};
pub use tables::{Order, Record, Table, TableBatch};
pub use writer::Appended;
