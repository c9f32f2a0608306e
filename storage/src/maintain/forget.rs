//! Forgetting streams that no resolution holds a cell of any more, so that their places are free again.

use crate::db::{Database, Family};
use crate::error::Result;
use crate::model::resolution::Resolution;
use crate::model::time::Slot;
use crate::shared::Shared;
use crate::write::Queue;

/// Forgets some streams without data and returns how many; 0 once there are none left. The caller prevents
/// writes of blocks.
///
/// # Errors
/// When the database cannot be read or written.
pub(super) fn forget_some(shared: &Shared, queue: &Queue) -> Result<usize> {
    let day = oldest_day(&shared.db)?;
    // Without any block, only what is in the head keeps a stream.
    let before = day.map_or(Slot(u32::MAX), |day| shared.timeline.day_start(day));
    let forgotten = queue.forget(before)?;
    if forgotten > 0 {
        tracing::info!(streams = forgotten, "streams without data were forgotten");
    }
    Ok(forgotten)
}

/// The oldest day of which any resolution holds a block.
fn oldest_day(db: &Database) -> Result<Option<u32>> {
    let mut oldest: Option<u32> = None;
    for resolution in Resolution::ALL {
        let day = db.first_block(Family::of(resolution))?.map(|key| key.day);
        oldest = oldest.into_iter().chain(day).min();
    }
    Ok(oldest)
}
