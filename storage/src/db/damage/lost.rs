//! Blocks of cells that are lost for good. Once nothing is damaged any more, nothing but a record shows that
//! cells are missing from answers.

use super::Blocks;
use crate::db::database::Database;
use crate::db::schema::{Family, meta};
use crate::db::write_batch::WriteBatch;
use crate::error::Result;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;

impl Database {
    /// Adds a record of lost blocks to a write, and names them in answers from now on.
    pub(crate) fn keep_lost_blocks(
        &self,
        resolution: Resolution,
        lost: Blocks,
        write: &mut WriteBatch,
    ) {
        self.damage().note_lost(resolution, lost);
        write.put(self, Family::Meta, key(resolution, lost.0), lost.1.encode());
    }

    /// Names the lost blocks on record in answers. Called when the store is opened.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(crate) fn load_lost_blocks(&self) -> Result<()> {
        for entry in self.entries_from(Family::Meta, meta::LOST_BLOCKS) {
            let (name, last) = entry?;
            let Some(name) = name.strip_prefix(meta::LOST_BLOCKS) else { break };
            let Some((number, first)) = name.split_first() else { continue };
            let resolution = Resolution::ALL.get(usize::from(*number));
            let ends = (BlockKey::decode(first), BlockKey::decode(&last));
            if let (Some(resolution), (Some(first), Some(last))) = (resolution, ends) {
                self.damage().note_lost(*resolution, (first, last));
            }
        }
        Ok(())
    }

    /// Deletes the records of lost blocks of days before `day`, which are no longer kept.
    pub(crate) fn forget_lost_blocks(
        &self,
        resolution: Resolution,
        day: u32,
        write: &mut WriteBatch,
    ) {
        let [from, to] =
            [0, day].map(|day| key(resolution, BlockKey { day, stream: StreamId(0), block: 0 }));
        write.delete_range(self, Family::Meta, from, to);
    }
}

fn key(resolution: Resolution, first: BlockKey) -> Vec<u8> {
    let number = Resolution::ALL.iter().position(|one| *one == resolution).unwrap_or(0);
    [meta::LOST_BLOCKS, &[number as u8], &first.encode()].concat()
}
