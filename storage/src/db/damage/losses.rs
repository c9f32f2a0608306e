//! What damage of files has lost: counted and named when it is found, and kept in the database.

use rocksdb::{Direction, IteratorMode};

use crate::db::database::Database;
use crate::db::key::u64_of;
use crate::db::schema::{Family, meta};
use crate::db::wal::{Gap, Mark};
use crate::db::write_batch::WriteBatch;
use crate::error::Result;
use crate::limits::LOSSES_MAX;

/// Acknowledged data that damage has lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Appends that were acknowledged and are lost.
    pub appends: u64,
    /// How many changes of any kind are lost: appends, and records of alerts and deliveries. It is at most
    /// that, or at least when the beginning of the write-ahead log is lost.
    pub changes: u64,
    /// What is damaged or missing.
    pub cause: String,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { appends, changes, cause } = self;
        if (*appends, *changes) == (0, 0) {
            return write!(f, "lost: {cause}");
        }
        write!(f, "{appends} acknowledged pushes are lost, {changes} changes in all: {cause}")
    }
}

impl Loss {
    fn encode(&self) -> Vec<u8> {
        let numbers = [self.appends.to_be_bytes(), self.changes.to_be_bytes()].concat();
        [&numbers, self.cause.as_bytes()].concat()
    }

    pub(in crate::db) fn decode(record: &[u8]) -> Option<Self> {
        let (appends, rest) = record.split_first_chunk()?;
        let (changes, cause) = rest.split_first_chunk()?;
        Some(Self {
            appends: u64::from_be_bytes(*appends),
            changes: u64::from_be_bytes(*changes),
            cause: String::from_utf8_lossy(cause).into_owned(),
        })
    }
}

impl Database {
    /// What damage has lost so far, the newest [`LOSSES_MAX`] losses.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn losses(&self) -> Result<Vec<Loss>> {
        Ok(self.lost()?.into_iter().map(|(_, loss)| loss).collect())
    }

    /// Keeps and logs a loss.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub(crate) fn keep_loss(&self, loss: &Loss) -> Result<()> {
        self.keep_numbered(self.opened()?.latest_sequence_number(), loss)
    }

    /// [`Database::keep_loss`] with a number that orders losses. One with the same number is replaced, so
    /// that a start that is interrupted counts nothing twice.
    fn keep_numbered(&self, number: u64, loss: &Loss) -> Result<()> {
        tracing::error!(
            appends = loss.appends,
            changes = loss.changes,
            cause = loss.cause,
            "data is lost"
        );
        let mut write = WriteBatch::default();
        let earlier = self.lost()?;
        for (oldest, _) in earlier.iter().take((earlier.len() + 1).saturating_sub(LOSSES_MAX)) {
            write.delete(self, Family::Meta, key(*oldest));
        }
        write.put(self, Family::Meta, key(number), loss.encode());
        self.write(write)
    }

    /// Keeps what is missing from the write-ahead log: `gaps` before intact records, and what lies between
    /// the last change found and the mark.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub(in crate::db) fn keep_log_losses(
        &self,
        gaps: &[Gap],
        found: Mark,
        mark: Mark,
    ) -> Result<()> {
        let mut missing = if gaps.is_empty() { 0 } else { self.missing_appends()? };
        // Only the first gap may be at the beginning of the log, where as much is missing as is nowhere else.
        for Gap { first, changes, is_first_known, cause } in gaps.iter().rev() {
            let appends = if *is_first_known { missing.min(*changes) } else { missing };
            missing -= appends;
            let cause = format!("{cause} of the write-ahead log");
            let changes = appends.max(*changes);
            self.keep_numbered(*first, &Loss { appends, changes, cause })?;
        }
        if mark.sequence > found.sequence {
            let loss = Loss {
                appends: mark.append.saturating_sub(found.append),
                changes: mark.sequence - found.sequence,
                cause: "the end of the write-ahead log is damaged or missing".to_owned(),
            };
            self.keep_numbered(mark.sequence, &loss)?;
        }
        Ok(())
    }

    /// How far the database goes: its last change and append.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(in crate::db) fn reaches(&self) -> Result<Mark> {
        let last = self.entries_with(Family::Journal, IteratorMode::End).next().transpose()?;
        let last = last.and_then(|(sequence, _)| u64_of(&sequence)).unwrap_or(0);
        let append = last.max(self.sealed_append()?);
        Ok(Mark { sequence: self.opened()?.latest_sequence_number(), append, streams: 0 })
    }

    /// How many appends that are not sealed are missing before the last one.
    fn missing_appends(&self) -> Result<u64> {
        let sealed = self.sealed_append()?;
        let (mut last, mut missing) = (sealed, 0);
        let from = (sealed + 1).to_be_bytes();
        for entry in
            self.entries_with(Family::Journal, IteratorMode::From(&from, Direction::Forward))
        {
            let Some(sequence) = u64_of(&entry?.0) else { continue };
            missing += sequence - last - 1;
            last = sequence;
        }
        // Records that were set aside have been counted as damaged.
        let aside = self.named(meta::DAMAGED_JOURNAL)?;
        let aside = aside.iter().filter(|(sequence, _)| (sealed..last).contains(sequence)).count();
        Ok(missing.saturating_sub(aside as u64))
    }

    fn sealed_append(&self) -> Result<u64> {
        Ok(self.get(Family::Meta, meta::SEALED_SEQ)?.as_deref().and_then(u64_of).unwrap_or(0))
    }

    fn lost(&self) -> Result<Vec<(u64, Loss)>> {
        let records = self.named(meta::LOST)?.into_iter();
        Ok(records.filter_map(|(number, record)| Some((number, Loss::decode(&record)?))).collect())
    }

    /// The records of [`Family::Meta`] whose key is a name and a number.
    fn named(&self, name: &[u8]) -> Result<Vec<(u64, Box<[u8]>)>> {
        let mut found = Vec::new();
        for entry in self.entries_from(Family::Meta, name) {
            let (key, record) = entry?;
            let Some(number) = key.strip_prefix(name) else { break };
            found.extend(u64_of(number).map(|number| (number, record)));
        }
        Ok(found)
    }
}

fn key(number: u64) -> Vec<u8> {
    [meta::LOST, &number.to_be_bytes()].concat()
}
