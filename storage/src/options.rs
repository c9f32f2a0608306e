//! How a store is opened.

use std::path::PathBuf;

use crate::limits::MEMORY_BYTES_DEFAULT;
use crate::maintain::retention::Retention;
use crate::model::time::SlotWidth;

/// When an append is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// After fsync of the write-ahead log: survives kill -9 and power loss.
    #[default]
    Fsync,
    /// After the write-ahead log was handed to the system: survives kill -9.
    Wal,
    /// Once it is in memory: what was not sealed is lost when the process ends abruptly.
    Memory,
}

/// How to open a [`crate::Store`].
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory; made when missing.
    pub path: PathBuf,
    /// The slot width. `None` takes that of the database, or the default for a new one.
    pub slot_width: Option<SlotWidth>,
    /// When an append is answered.
    pub durability: Durability,
    /// How long cells are kept.
    pub retention: Retention,
    /// Memory for cells, in bytes: at least [`crate::limits::MEMORY_BYTES_MIN`]. What the database,
    /// the index and requests need comes on top.
    pub memory_bytes: usize,
    /// Up to how much of the newest sealed cells stays in memory beyond that, in bytes, when there are more
    /// streams than `memory_bytes` is for: [`crate::limits::resident_bytes_max`].
    pub cache_growth_bytes_max: usize,
}

impl Options {
    /// Defaults for a data directory.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            slot_width: None,
            durability: Durability::default(),
            retention: Retention::default(),
            memory_bytes: MEMORY_BYTES_DEFAULT,
            cache_growth_bytes_max: 0,
        }
    }
}
