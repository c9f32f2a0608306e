//! How long cells are kept, by resolution and in all, and how they are let go: whole days at a time,
//! which in the order of the keys are whole files.

use rocksdb::{IteratorMode, WriteBatch};

use crate::{
    error::Result,
    exemplars,
    key::day_start,
    model::time::{SlotWidth, TimestampMs},
    resolution::{BlockKey, Resolution},
    schema::Family,
    store::Shared,
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// How long cells are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Lets go of days that have expired, and of the oldest while the files are too large. Returns how
/// many days went, over all resolutions.
///
/// Time is that of [`Shared::data_now`], so a clock that jumps ahead expires nothing.
pub(crate) fn retain(shared: &Shared) -> Result<u32> {
    let now = shared.data_now();
    let mut dropped = 0;
    for resolution in Resolution::ALL {
        let first_kept = shared.retention.first_day(resolution, now);
        while let Some(day) = oldest_day(shared, resolution)?.filter(|day| *day < first_kept) {
            drop_days(shared, resolution, day, first_kept)?;
            dropped += 1;
        }
    }
    exemplars::let_go(shared, shared.retention.first_day(Resolution::Slot, now), now)?;
    Ok(dropped + shrink(shared)?)
}

/// Drops the oldest days, the finest resolution first, until the files are small enough. The newest
/// day of each resolution stays.
fn shrink(shared: &Shared) -> Result<u32> {
    let Some(limit) = shared.retention.size_bytes else { return Ok(0) };
    let newest = u32::try_from(shared.data_now().0.div_euclid(DAY_MS)).unwrap_or(0);
    let mut dropped = 0;
    for resolution in Resolution::ALL {
        while shared.db.file_bytes() > limit {
            let Some(day) = oldest_day(shared, resolution)?.filter(|day| *day < newest) else {
                break;
            };
            drop_days(shared, resolution, day, day + 1)?;
            exemplars::let_go(shared, day + 1, shared.data_now())?;
            tracing::warn!(
                day,
                ?resolution,
                limit,
                "a day was dropped early: the files are larger than the limit"
            );
            dropped += 1;
        }
    }
    Ok(dropped)
}

/// The oldest day of which a resolution holds a block.
fn oldest_day(shared: &Shared, resolution: Resolution) -> Result<Option<u32>> {
    let family = shared.db.family(Family::of(resolution));
    let mut blocks = shared.db.raw().iterator_cf(family, IteratorMode::Start);
    let first = blocks.next().transpose()?;
    Ok(first.and_then(|(bytes, _)| BlockKey::decode(&bytes)).map(|key| key.day))
}

/// Drops the days from `first` up to but not including `end`: files that hold nothing else at once,
/// the rest by rewriting the files at the border, so that all of the space comes back.
fn drop_days(shared: &Shared, resolution: Resolution, first: u32, end: u32) -> Result<()> {
    let family = shared.db.family(Family::of(resolution));
    let (from, to) = (day_start(first), day_start(end));
    shared.db.raw().delete_file_in_range_cf(family, from, to)?;
    let mut write = WriteBatch::default();
    write.delete_range_cf(family, from, to);
    shared.db.write(write)?;
    shared.db.compact_range(Family::of(resolution), &from, &to);
    tracing::info!(?resolution, first, end, "let go of days past their retention");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_as_wide_as_a_roll_up_are_kept_in_its_place() {
        let kept = |width_ms| {
            let width = SlotWidth::from_ms(width_ms).expect("a width");
            Retention::default().with_slots_of(width).slot_ms / DAY_MS
        };
        assert_eq!((kept(10_000), kept(60_000)), (8, 60));
    }

    #[test]
    fn days_expire_when_their_end_is_past_the_retention() {
        let retention = Retention::default();
        let now = TimestampMs(100 * DAY_MS + 5);
        assert_eq!(retention.first_day(Resolution::Slot, now), 92);
        assert_eq!(retention.first_day(Resolution::Minute, now), 40);
        assert_eq!(retention.first_day(Resolution::Quarter, now), 0);
        assert_eq!(retention.oldest(now), TimestampMs(-630 * DAY_MS + 5));
    }
}
