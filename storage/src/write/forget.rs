//! Forgetting streams that have no cells any more. The writer does it between two groups, so that no append
//! can bring one of them back meanwhile.

use crate::catalog::FORGOTTEN;
use crate::db::{Family, WriteBatch};
use crate::error::Result;
use crate::limits::{FORGOTTEN_AT_ONCE, STREAM_IDS_MAX};
use crate::model::stream::StreamId;
use crate::model::time::Slot;
use crate::shared::Shared;

/// Forgets some streams without a cell from a slot on, also in the head, and returns how many. No block may
/// hold a cell before that slot.
///
/// # Errors
/// When the database cannot be written; nothing is forgotten then.
pub(super) fn forget(shared: &Shared, before: Slot) -> Result<usize> {
    let Shared { db, catalog, head, .. } = shared;
    let mut forgotten: Vec<StreamId> = {
        let catalog = catalog.read();
        // Without places that become free, no more ids than these are given.
        if catalog.next_id().0 >= STREAM_IDS_MAX {
            return Ok(0);
        }
        catalog.older_than(before).collect()
    };
    if !forgotten.is_empty() {
        let in_head = head.streams();
        forgotten.retain(|id| !in_head.contains(id));
        forgotten.truncate(FORGOTTEN_AT_ONCE);
    }
    if forgotten.is_empty() {
        return Ok(0);
    }
    let mut write = WriteBatch::default();
    for id in &forgotten {
        write.put(db, Family::Streams, id.0.to_be_bytes(), FORGOTTEN);
        write.delete(db, Family::LastSeen, id.0.to_be_bytes());
    }
    db.write(write)?;
    let mut catalog = catalog.write();
    forgotten.iter().for_each(|id| catalog.remove(*id));
    Ok(forgotten.len())
}
