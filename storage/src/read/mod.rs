//! Reading: cells from blocks, cache and head through one interface, and exemplars.

mod block_reader;
mod exemplars;
mod past;
mod plan;
mod scan;

pub use exemplars::{BestExemplars, ExemplarKind, ExemplarQuery};
pub use past::FeedPast;
pub use scan::{Cursor, Reader, Scan};

pub(crate) use block_reader::BlockReader;
pub(crate) use exemplars::find_exemplars;
pub(crate) use plan::coarser_slots;
