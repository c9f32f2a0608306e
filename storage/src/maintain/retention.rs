//! Retention: drops whole days, which in the order of the keys are whole files.

use super::downsample::{Downsampled, downsample, downsample_before};
use crate::db::{Database, ExemplarKey, Family, WriteBatch, day_start};
use crate::error::Result;
use crate::limits::{DOWNSAMPLE_BLOCKS, EXEMPLAR_SLOW_KEPT_MS};
use crate::memory::Timeline;
use crate::model::exemplar::Kind;
use crate::model::resolution::Resolution;

/// What one step of retention did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retained {
    /// Days dropped, over all resolutions.
    pub(crate) days: u32,
    /// Whether there is more to drop at once.
    pub(crate) has_more: bool,
    /// Whether files wait for a reader.
    pub(crate) is_waiting: bool,
}

/// Drops days that have expired, and the oldest days while the files are too large. Slots are downsampled
/// first, of a limited number of blocks: call it again while it has more to do. The caller prevents other
/// writes of blocks.
///
/// Time is that of [`Timeline::data_now`], so neither a clock that jumps ahead nor data of its time expire
/// anything.
///
/// # Errors
/// When the database cannot be read or written.
pub(crate) fn retain(db: &Database, timeline: &Timeline, streams: u32) -> Result<Retained> {
    let first_day = timeline.retention().first_day(Resolution::Slot, timeline.data_now());
    if first_day > timeline.first_day(Resolution::Slot) {
        keep_slots_from(db, timeline, first_day)?;
    }
    let downsampled = downsample(db, timeline, streams, DOWNSAMPLE_BLOCKS)?;
    match downsampled {
        Downsampled::Some => return Ok(Retained { has_more: true, ..Retained::default() }),
        Downsampled::Day => return Ok(Retained { days: 1, has_more: true, is_waiting: false }),
        Downsampled::InUse | Downsampled::All => {}
    }
    let mut days = 0;
    for resolution in [Resolution::Minute, Resolution::Quarter] {
        let first_kept = timeline.first_day(resolution);
        while let Some(day) = oldest_day(db, resolution)?.filter(|day| *day < first_kept) {
            drop_days(db, resolution, day, first_kept)?;
            days += 1;
        }
    }
    drop_exemplars(db, timeline)?;
    // Files that wait for a reader will be deleted: no other day is dropped instead of them.
    let is_waiting = downsampled == Downsampled::InUse;
    let has_more = !is_waiting && drop_oldest(db, timeline)?;
    Ok(Retained { days, has_more, is_waiting })
}

/// Drops the oldest day when the files are too large, of the finest resolution that has more than the
/// newest day. Returns whether it dropped one, or has it downsampled next.
fn drop_oldest(db: &Database, timeline: &Timeline) -> Result<bool> {
    let Some(limit) = timeline.retention().size_bytes else { return Ok(false) };
    if db.file_bytes() <= limit {
        return Ok(false);
    }
    let newest = timeline.day_of(timeline.slot_width().slot_of(timeline.data_now()));
    for resolution in Resolution::ALL {
        let Some(day) = oldest_day(db, resolution)?.filter(|day| *day < newest) else {
            continue;
        };
        match resolution {
            Resolution::Slot => keep_slots_from(db, timeline, day + 1)?,
            _ => drop_days(db, resolution, day, day + 1)?,
        }
        tracing::warn!(
            day,
            ?resolution,
            limit,
            "a day is dropped early: the files are larger than the limit"
        );
        return Ok(true);
    }
    Ok(false)
}

/// Has slots of days before `day` downsampled.
fn keep_slots_from(db: &Database, timeline: &Timeline, day: u32) -> Result<()> {
    let mut write = WriteBatch::default();
    downsample_before(db, timeline, day, &mut write);
    db.write(write)
}

/// The oldest day of which a resolution holds a block.
fn oldest_day(db: &Database, resolution: Resolution) -> Result<Option<u32>> {
    Ok(db.first_block(Family::of(resolution))?.map(|key| key.day))
}

/// Drops the days from `first` up to but not including `end`.
fn drop_days(db: &Database, resolution: Resolution, first: u32, end: u32) -> Result<()> {
    db.drop_range(Family::of(resolution), &day_start(first), &day_start(end))?;
    let mut write = WriteBatch::default();
    // Lost slots are missing from their minutes as well.
    let kept_longer = (resolution == Resolution::Minute).then_some(Resolution::Slot);
    for resolution in [resolution].into_iter().chain(kept_longer) {
        db.forget_lost_blocks(resolution, end, &mut write);
    }
    db.write(write)?;
    tracing::info!(?resolution, first, end, "dropped days past their retention");
    Ok(())
}

/// Drops exemplars of days whose slots are not kept. Slow events are many and are dropped earlier.
fn drop_exemplars(db: &Database, timeline: &Timeline) -> Result<()> {
    let first_day = timeline.first_day(Resolution::Slot);
    let slow_from = timeline.data_now().plus_ms(-EXEMPLAR_SLOW_KEPT_MS);
    let slow_from = timeline.day_of(timeline.slot_width().slot_of(slow_from)).max(first_day);
    for kind in Kind::all() {
        let first_day = if kind == Kind::Slow { slow_from } else { first_day };
        let (from, to) = (ExemplarKey::day_start(kind, 0), ExemplarKey::day_start(kind, first_day));
        if db.has_rows(Family::Exemplars, &from, &to)? {
            db.drop_range(Family::Exemplars, &from, &to)?;
        }
    }
    Ok(())
}
