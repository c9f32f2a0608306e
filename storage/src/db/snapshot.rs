//! Snapshots, and when the files of a day may be deleted although older snapshots exist.
//!
//! RocksDB deletes whole files without regard for snapshots. So every snapshot holds the *epoch* in which it
//! was taken. When all cells of a day have been moved elsewhere, the epoch ends, and the files of the day are
//! deleted once no snapshot of that epoch is left.

use std::sync::Arc;

use parking_lot::Mutex;
use rocksdb::{DB, ReadOptions, Snapshot as RocksSnapshot};
use self_cell::self_cell;

use super::database::handle;
use super::merge::WithoutMerging;
use super::rows::{Readable, Rows, readable};
use super::schema::Family;
use crate::error::{Error, Result};
use crate::model::resolution::BlockKey;
use crate::model::stream::StreamId;

/// What snapshots and the deletion of files know of each other.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    /// Held by every snapshot taken since a day was last moved.
    current: Mutex<Arc<()>>,
    /// Days before this one have been moved; their files are deleted when nobody holds the epoch.
    moved: Mutex<Option<(u32, Arc<()>)>>,
}

/// The files of days whose cells have been moved elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayFiles {
    /// There are none.
    None,
    /// A snapshot still needs them.
    InUse,
    /// Nobody needs the files of the days before this one.
    Unused(u32),
}

impl Epochs {
    /// Ends the current epoch: the cells of all days before `day` have been moved.
    pub(super) fn end(&self, day: u32) {
        let ended = std::mem::take(&mut *self.current.lock());
        *self.moved.lock() = Some((day, ended));
    }

    /// The files that wait for deletion. Unused files are returned once.
    pub(super) fn take_unused(&self) -> DayFiles {
        let mut moved = self.moved.lock();
        match moved.take() {
            None => DayFiles::None,
            Some((day, epoch)) if Arc::strong_count(&epoch) > 1 => {
                *moved = Some((day, epoch));
                DayFiles::InUse
            }
            Some((day, _)) => DayFiles::Unused(day),
        }
    }
}

self_cell!(
    struct OwnedSnapshot {
        owner: Arc<DB>,
        #[covariant]
        dependent: RocksSnapshot,
    }
);

/// What the database holds at one time.
pub(crate) struct Snapshot {
    snapshot: Result<OwnedSnapshot>,
    _epoch: Arc<()>,
}

impl Snapshot {
    pub(super) fn now(db: Result<Arc<DB>>, epochs: &Epochs) -> Self {
        // The epoch first: if it ends in between, files wait for this snapshot without need. The other
        // way round they could be deleted too early.
        let epoch = Arc::clone(&epochs.current.lock());
        let snapshot = db.map(|db| OwnedSnapshot::new(db, |db| db.snapshot()));
        Self { snapshot, _epoch: epoch }
    }

    /// The rows of a family.
    pub(crate) fn rows(&self, family: Family) -> Rows {
        self.rows_with(family, ReadOptions::default())
    }

    /// The rows of a family, for reading each once: what is read is not kept in RocksDB's cache.
    pub(crate) fn rows_uncached(&self, family: Family) -> Rows {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        self.rows_with(family, options)
    }

    /// The value of a key, read without the rows around it: damage next to it does not matter.
    ///
    /// # Errors
    /// When the database cannot be read for another reason than damage.
    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Readable<Option<Vec<u8>>>> {
        let snapshot = self.snapshot.as_ref().map_err(Error::again)?;
        let handle = handle(snapshot.borrow_owner(), family);
        readable(snapshot.borrow_dependent().get_cf(handle, key))
    }

    /// The key of the first block of slots, or an earlier one where it cannot be read.
    pub(crate) fn first_block(&self) -> Option<BlockKey> {
        let _reading = WithoutMerging::begin();
        let mut blocks = self.rows(Family::Blocks);
        blocks.seek_to_first();
        match blocks.status() {
            Ok(()) => blocks.key().and_then(BlockKey::decode),
            Err(_) => Some(BlockKey { day: 0, stream: StreamId(0), block: 0 }),
        }
    }

    fn rows_with(&self, family: Family, mut options: ReadOptions) -> Rows {
        let db = match &self.snapshot {
            Ok(snapshot) => {
                options.set_snapshot(snapshot.borrow_dependent());
                Ok(Arc::clone(snapshot.borrow_owner()))
            }
            Err(error) => Err(error.again()),
        };
        Rows::new(db, |db| db.raw_iterator_cf_opt(handle(db, family), options))
    }
}
