//! Cells that cannot be read, by the place of the damage. `losses` keeps what is lost for good, `walk` reads
//! every row that can be read.
//!
//! A reader continues after damage, so that everything readable is answered. Each place is logged when it is
//! first met, and every query asks here what is missing from its answer. A place is a part of a file as
//! RocksDB reads it, with the blocks that could not be read because of it; or a single block of cells.

mod file_place;
mod losses;
mod lost;
mod walk;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

pub use losses::Loss;

pub(crate) use walk::WalkDamage;

pub(super) use walk::next_readable;

use file_place::FilePlace;

use crate::limits::DAMAGED_MAX;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;
use crate::model::time::{Slot, SlotWidth};

/// What could not be read since the store was opened.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    places: Mutex<BTreeMap<(Resolution, Place), Blocks>>,
    /// Exemplars, by their place.
    exemplars: Mutex<BTreeMap<FilePlace, String>>,
    count: AtomicU64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// One block of cells whose bytes are no block.
    Block(BlockKey),
    /// A part of a file.
    File(FilePlace),
    /// Blocks that are lost for good, from this one on.
    Lost(BlockKey),
    /// Every place beyond [`DAMAGED_MAX`].
    Further,
}

/// The first and the last block that cannot be read because of a place.
pub(crate) type Blocks = (BlockKey, BlockKey);

impl Damage {
    /// Notes that a block of cells is damaged.
    pub(crate) fn note_block(&self, resolution: Resolution, key: BlockKey, detail: &str) {
        self.note(resolution, Place::Block(key), (key, key), detail);
    }

    /// Notes that a block cannot be read because a file is damaged. `detail` is RocksDB's description.
    pub(crate) fn note_file(&self, resolution: Resolution, key: BlockKey, detail: &str) {
        self.note(resolution, Place::File(FilePlace::of(detail)), (key, key), detail);
    }

    /// Notes that cells of some blocks are lost for good.
    fn note_lost(&self, resolution: Resolution, lost: Blocks) {
        let detail = "they were in a part of a file that could not be read";
        self.note(resolution, Place::Lost(lost.0), lost, detail);
    }

    fn note(&self, resolution: Resolution, place: Place, (first, last): Blocks, detail: &str) {
        let mut places = self.places.lock();
        let is_known = places.contains_key(&(resolution, place.clone()));
        let is_full = !is_known && places.len() >= DAMAGED_MAX;
        let place = if is_full { Place::Further } else { place };
        match places.get_mut(&(resolution, place.clone())) {
            Some(blocks) => *blocks = (blocks.0.min(first), blocks.1.max(last)),
            None => {
                let name = describe(resolution, &place, (first, last));
                tracing::error!(place = %name, detail, "damaged data is missing from answers");
                places.insert((resolution, place), (first, last));
                self.count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Notes that exemplars of a day cannot be read. Returns the name of the place.
    pub(crate) fn note_exemplars(&self, day: u32, detail: &str) -> String {
        let place = FilePlace::of(detail);
        let mut known = self.exemplars.lock();
        if let Some(name) = known.get(&place) {
            return name.clone();
        }
        let name = format!("exemplars of day {day} or near it in {place}");
        if known.len() < DAMAGED_MAX {
            tracing::error!(place = %name, detail, "damaged exemplars are missing from answers");
            known.insert(place, name.clone());
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        name
    }

    /// How many places are known to be damaged.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The damaged places with cells of some streams in some slots, by name.
    pub(crate) fn of(
        &self,
        streams: &[StreamId],
        slots: &Range<Slot>,
        width: SlotWidth,
    ) -> Vec<String> {
        if self.count() == 0 || slots.is_empty() {
            return Vec::new();
        }
        let places = self.places.lock();
        let holds = |resolution: Resolution, blocks: Blocks| {
            streams.iter().any(|stream| may_hold(resolution, blocks, *stream, slots, width))
        };
        let found = places.iter().filter(|((resolution, _), blocks)| holds(*resolution, **blocks));
        found.map(|((resolution, place), blocks)| describe(*resolution, place, *blocks)).collect()
    }
}

/// Whether a stretch of blocks may hold cells of a stream in some slots.
fn may_hold(
    resolution: Resolution,
    (first, last): Blocks,
    stream: StreamId,
    slots: &Range<Slot>,
    width: SlotWidth,
) -> bool {
    let (from, to) = (
        resolution.block_of(stream, slots.start, width),
        resolution.block_of(stream, slots.end.minus(1), width),
    );
    // Of each day the stream has one stretch of blocks. Only the first two and the last two days of the
    // overlap can lie partly outside; between them a stretch of blocks holds every stream.
    let (from_day, to_day) = (from.day.max(first.day), to.day.min(last.day));
    let days = [from_day, from_day.saturating_add(1), to_day.saturating_sub(1), to_day];
    let days = days.into_iter().filter(|day| (from_day..=to_day).contains(day));
    days.into_iter().any(|day| {
        let first_block = if day == from.day { from.block } else { 0 };
        let last_block = if day == to.day { to.block } else { u8::MAX };
        let block = |block| BlockKey { day, stream, block };
        block(first_block) <= last && block(last_block) >= first
    })
}

fn describe(resolution: Resolution, place: &Place, (first, last): Blocks) -> String {
    let blocks = if first == last {
        first.describe(resolution)
    } else {
        format!("{} to {}", first.describe(resolution), last.describe(resolution))
    };
    match place {
        Place::Block(_) => blocks,
        Place::File(place) => format!("{blocks} in {place}"),
        Place::Lost(_) => format!("{blocks}, lost for good"),
        Place::Further => format!("further blocks from {blocks}"),
    }
}

#[cfg(test)]
mod tests;
