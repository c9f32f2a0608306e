//! The codec: sealed cells as bytes, and events with ids (exemplars) as bytes.
//!
//! A block holds the cells of one stream in one stretch of time, as one or more *parts*. Every seal adds a
//! part; reading adds the parts up; RocksDB's compaction merges them into one. Late data is just another
//! part.
//!
//! New parts use the hot encoding ([`hot`]), which decodes fast. Compaction writes the cold encodings
//! ([`cold`]), which are smaller. A reader can select columns and slots. Decoding never panics, whatever the
//! bytes, and allocates no more than a full part needs.
//!
//! In order, each module imports only modules before it: `error`, `primitives`, `columns`, `sink`, `panes`,
//! `fields`, `frame` (columns of segments), `gauge`, `hot`, `cold`, `part` (length, checksum, version),
//! `block` (the whole), and beside them `row` (sums in memory) and `exemplar`.

mod block;
mod cold;
mod columns;
mod error;
mod exemplar;
mod fields;
mod frame;
mod gauge;
mod hot;
mod panes;
mod part;
mod primitives;
mod row;
mod sink;

pub(crate) use block::{
    EncodeRun, decode, decode_cached, decode_range, encode_cold, encode_hot, merge,
};
pub use columns::Columns;
pub(crate) use error::PartError;
pub(crate) use exemplar::{decode_exemplars, encode_exemplars};
pub(crate) use panes::Panes;
#[cfg(fuzzing)]
pub(crate) use part::part_of;
pub(crate) use row::{decode_rows, put_row};
pub(crate) use sink::{Sink, Visitor};
