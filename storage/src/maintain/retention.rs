//! How long cells are kept, by resolution and in all, and how they are let go: whole days at a time,
//! which in the order of the keys are whole files.

use std::sync::atomic::Ordering;

use rocksdb::WriteBatch;

use crate::db::key::day_start;
use crate::db::schema::Family;
use crate::error::Result;
use crate::limits::AGEING_BLOCKS;
use crate::maintain::downsample::{self, Aged, oldest_block};
use crate::model::resolution::Resolution;
use crate::model::time::{SlotWidth, TimestampMs};
use crate::read::exemplars;
use crate::store::{Shared, Store};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long cells are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Cells as they came, in ms.
    pub slot_ms: i64,
    /// Cells by the minute, in ms.
    pub minute_ms: i64,
    /// Cells by the quarter of an hour, in ms.
    pub quarter_ms: i64,
    /// Bytes of files above which the oldest days go early; `None` for no such limit.
    pub size_bytes: Option<u64>,
}

impl Default for Retention {
    /// 8 days, 60 days, 2 years.
    fn default() -> Self {
        Self {
            slot_ms: 8 * DAY_MS,
            minute_ms: 60 * DAY_MS,
            quarter_ms: 730 * DAY_MS,
            size_bytes: None,
        }
    }
}

impl Retention {
    /// The same for slots of that width: where slots are as wide as a roll-up there is none, and they
    /// are kept in its place for as long.
    pub(crate) fn with_slots_of(mut self, width: SlotWidth) -> Self {
        for stood_in in Resolution::ALL.into_iter().filter(|one| !one.is_kept(width)) {
            self.slot_ms = self.slot_ms.max(self.kept_ms(stood_in));
        }
        self
    }

    /// How long cells of a resolution are kept, in ms.
    #[must_use]
    pub const fn kept_ms(&self, resolution: Resolution) -> i64 {
        match resolution {
            Resolution::Slot => self.slot_ms,
            Resolution::Minute => self.minute_ms,
            Resolution::Quarter => self.quarter_ms,
        }
    }

    /// The oldest moment that some resolution still keeps.
    #[must_use]
    pub fn oldest(&self, now: TimestampMs) -> TimestampMs {
        let longest = Resolution::ALL.map(|resolution| self.kept_ms(resolution)).into_iter().max();
        now.plus_ms(-longest.unwrap_or(0))
    }

    /// The first day of which a resolution still keeps something.
    pub(crate) fn first_day(&self, resolution: Resolution, now: TimestampMs) -> u32 {
        let oldest = now.plus_ms(-self.kept_ms(resolution));
        u32::try_from(oldest.0.div_euclid(DAY_MS)).unwrap_or(0)
    }
}

impl Store {
    /// Lets go of days that have expired, and of the oldest while the files are larger than the
    /// limit. Returns how many days went, over all resolutions.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn retain(&self) -> Result<u32> {
        let mut days = 0;
        loop {
            let retained = self.retain_some()?;
            days += retained.days;
            if !retained.has_more {
                return Ok(days);
            }
        }
    }

    /// Some of it: what one write lets age at the most, and days that cost nothing.
    pub(crate) fn retain_some(&self) -> Result<Retained> {
        let _one_at_a_time = self.sealing.lock();
        let retained = retain(self.shared(), AGEING_BLOCKS)?;
        let is_left = retained.has_more || retained.is_waiting;
        self.has_more_to_retain.store(is_left, Ordering::Relaxed);
        Ok(retained)
    }

    /// The oldest moment of which anything is kept: older data is not worth appending. It lies the
    /// longest retention before the newest data, or before `now` when that is earlier, so a store
    /// without data takes data of any age.
    #[must_use]
    pub fn oldest_kept(&self, now: TimestampMs) -> TimestampMs {
        self.shared().retention.oldest(self.shared().newest().min(now))
    }
}

/// What was let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retained {
    /// Days, over all resolutions.
    days: u32,
    /// Whether there is more to let go at once.
    has_more: bool,
    /// Whether files wait for a reader.
    is_waiting: bool,
}

/// Lets go of days that have expired, and of the oldest while the files are too large. Of slots, some
/// `blocks_max` blocks age at a time.
///
/// Time is that of [`Shared::data_now`], so a clock that jumps ahead expires nothing.
fn retain(shared: &Shared, blocks_max: usize) -> Result<Retained> {
    let now = shared.data_now();
    let first_day = shared.retention.first_day(Resolution::Slot, now);
    if first_day > shared.first_day(Resolution::Slot) {
        age_before(shared, first_day)?;
    }
    let aged = downsample::age(shared, blocks_max)?;
    match aged {
        Aged::Some => return Ok(Retained { has_more: true, ..Retained::default() }),
        Aged::Day => return Ok(Retained { days: 1, has_more: true, is_waiting: false }),
        Aged::InUse | Aged::All => {}
    }
    let mut days = 0;
    for resolution in [Resolution::Minute, Resolution::Quarter] {
        let first_kept = shared.first_day(resolution);
        while let Some(day) = oldest_day(shared, resolution)?.filter(|day| *day < first_kept) {
            drop_days(shared, resolution, day, first_kept)?;
            days += 1;
        }
    }
    exemplars::let_go(shared, shared.first_day(Resolution::Slot), now)?;
    // Files that wait for a reader are as good as gone: no other day goes in their place.
    let is_waiting = aged == Aged::InUse;
    let has_more = !is_waiting && shrink(shared)?;
    Ok(Retained { days, has_more, is_waiting })
}

/// Lets the oldest day go when the files are too large, of the finest resolution that has more than the newest
/// day. Returns whether one goes.
fn shrink(shared: &Shared) -> Result<bool> {
    let Some(limit) = shared.retention.size_bytes else { return Ok(false) };
    if shared.db.file_bytes() <= limit {
        return Ok(false);
    }
    let newest = u32::try_from(shared.data_now().0.div_euclid(DAY_MS)).unwrap_or(0);
    for resolution in Resolution::ALL {
        let Some(day) = oldest_day(shared, resolution)?.filter(|day| *day < newest) else {
            continue;
        };
        match resolution {
            Resolution::Slot => age_before(shared, day + 1)?,
            _ => drop_days(shared, resolution, day, day + 1)?,
        }
        tracing::warn!(
            day,
            ?resolution,
            limit,
            "a day is let go early: the files are larger than the limit"
        );
        return Ok(true);
    }
    Ok(false)
}

fn age_before(shared: &Shared, day: u32) -> Result<()> {
    let mut write = WriteBatch::default();
    shared.age_before(day, &mut write);
    Ok(shared.db.write(write)?)
}

/// The oldest day of which a resolution holds a block.
fn oldest_day(shared: &Shared, resolution: Resolution) -> Result<Option<u32>> {
    Ok(oldest_block(shared, Family::of(resolution))?.map(|key| key.day))
}

/// Drops the days from `first` up to but not including `end`.
fn drop_days(shared: &Shared, resolution: Resolution, first: u32, end: u32) -> Result<()> {
    shared.db.drop_range(Family::of(resolution), &day_start(first), &day_start(end))?;
    tracing::info!(?resolution, first, end, "let go of days past their retention");
    Ok(())
}

#[cfg(test)]
mod tests;
