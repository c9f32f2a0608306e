//! What ends before a database is closed: reads that nobody waits for, and compactions.

use std::sync::atomic::Ordering;

use super::Database;
use crate::error::{Error, Result};
use crate::options::Durability;

impl Database {
    /// Ends reads of cells, those that run and those to come.
    pub(crate) fn end_reads(&self) {
        self.have_reads_ended.store(true, Ordering::Relaxed);
    }

    /// Readers ask this now and then.
    ///
    /// # Errors
    /// [`Error::Closed`] once reads have ended.
    pub(crate) fn check_reads(&self) -> Result<()> {
        if self.have_reads_ended.load(Ordering::Relaxed) { Err(Error::Closed) } else { Ok(()) }
    }

    /// Whether what was written outlasts the process although it was not flushed.
    pub(crate) fn has_log(&self) -> bool {
        self.durability != Durability::Memory
    }

    /// Ends compactions that run. RocksDB writes no more files afterwards.
    pub(crate) fn end_compactions(&self) {
        if let Ok(db) = self.opened() {
            db.cancel_all_background_work(true);
        }
    }
}
