//! What a driver does to a store, made from a seed alone: several lanes that append one item after the
//! other, and maintenance beside them.
//!
//! Each lane waits for the answer to an item before it goes on, so at any time at most one item of a lane is
//! neither acknowledged nor untouched. After a crash the store must hold a first part of each lane's items.

use fastrand::Rng;
use plimsoll_storage::{Outcome, Retention};

/// Lanes append at the same time, so that the store writes items of several together.
pub const LANES: usize = 3;
/// A multiple of a day: the first event.
const FIRST_DAY_MS: i64 = 20_700 * DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The part of a day by which a segment is later than the one before.
const SEGMENT_MS: i64 = DAY_MS * 2 / 5;
/// Items of a lane in a segment.
const ITEMS: std::ops::RangeInclusive<usize> = 4..=9;
/// Segments in all.
const SEGMENTS: usize = 12;
/// How many segments a process does before it ends.
const SEGMENTS_OF_PROCESS: usize = 5;
/// The oldest event, before the current time.
const LATE_MS: i64 = 5 * DAY_MS / 2;

/// Everything that one driver does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed that it was made from.
    pub seed: u64,
    /// One after the other.
    pub segments: Vec<Segment>,
}

/// What lanes and maintenance do at the same time.
#[derive(Debug, Clone)]
pub struct Segment {
    /// The time.
    pub now_ms: i64,
    /// The items of each lane.
    pub lanes: Vec<Vec<Item>>,
    /// Maintenance, in order.
    pub steps: Vec<Step>,
}

/// One item of a lane.
#[derive(Debug, Clone)]
pub enum Item {
    /// Events, with an idempotency key or without.
    Push {
        /// The key.
        key: Option<Vec<u8>>,
        /// The events.
        events: Vec<Event>,
    },
    /// A record of a table that is overwritten each time.
    Record,
}

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// The number of the operation, which names the stream within the lane.
    pub operation: usize,
    /// When it happened.
    pub at_ms: i64,
    /// Its class.
    pub outcome: Outcome,
    /// Its duration.
    pub duration_ms: u32,
}

/// A step of maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// [`plimsoll_storage::Store::seal`].
    Seal,
    /// [`plimsoll_storage::Store::maintain`].
    Maintain,
    /// [`plimsoll_storage::Store::flush`].
    Flush,
    /// [`plimsoll_storage::Store::compact`].
    Compact,
    /// [`plimsoll_storage::Store::retain`].
    Retain,
    /// [`plimsoll_storage::Store::backup`].
    Backup,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let segments = (0..SEGMENTS).map(|number| segment(number, &mut random)).collect();
        Self { seed, segments }
    }

    /// How many processes run it, one after the other.
    #[must_use]
    pub const fn processes(&self) -> usize {
        self.segments.len().div_ceil(SEGMENTS_OF_PROCESS)
    }

    /// The segments of one process, and the number of the first item of each lane.
    #[must_use]
    pub fn of_process(&self, process: usize) -> (&[Segment], [usize; LANES]) {
        let start = (process * SEGMENTS_OF_PROCESS).min(self.segments.len());
        let end = (start + SEGMENTS_OF_PROCESS).min(self.segments.len());
        let (before, rest) = self.segments.split_at(start);
        let mut first = [0; LANES];
        for (lane, first) in first.iter_mut().enumerate() {
            *first = before.iter().map(|segment| segment.lanes[lane].len()).sum();
        }
        (&rest[..end - start], first)
    }

    /// All items of a lane, in order.
    #[must_use]
    pub fn lane(&self, lane: usize) -> Vec<&Item> {
        self.segments.iter().flat_map(|segment| &segment.lanes[lane]).collect()
    }

    /// How long cells are kept: slots and minutes so short that both are dropped during the plan.
    #[must_use]
    pub fn retention() -> Retention {
        Retention { slot_ms: DAY_MS, minute_ms: 2 * DAY_MS, ..Retention::default() }
    }

    /// Times from the first whole day of any event to the end of the last.
    #[must_use]
    pub const fn days_ms() -> std::ops::Range<i64> {
        FIRST_DAY_MS - 4 * DAY_MS..FIRST_DAY_MS + 10 * DAY_MS
    }
}

fn segment(number: usize, random: &mut Rng) -> Segment {
    let now_ms = FIRST_DAY_MS + number as i64 * SEGMENT_MS;
    let lanes = (0..LANES).map(|lane| {
        let count = random.usize(ITEMS);
        (0..count).map(|_| item(lane, number, now_ms, random)).collect()
    });
    let lanes = lanes.collect();
    let steps = (0..random.usize(1..=4)).map(|_| match random.u8(..16) {
        0..4 => Step::Seal,
        4..8 => Step::Maintain,
        8..11 => Step::Flush,
        11 => Step::Compact,
        12..15 => Step::Retain,
        _ => Step::Backup,
    });
    Segment { now_ms, lanes, steps: steps.collect() }
}

fn item(lane: usize, segment: usize, now_ms: i64, random: &mut Rng) -> Item {
    if random.u8(..6) == 0 {
        return Item::Record;
    }
    let key = random.bool().then(|| format!("{lane}-{:016x}", random.u64(..)).into_bytes());
    // Most pushes are small; some are larger than the pages and the blocks of the log.
    let count = if random.u8(..12) == 0 { random.usize(200..900) } else { random.usize(1..30) };
    let is_late = random.u8(..5) == 0;
    let events = (0..count).map(|_| {
        let age_ms = random.i64(0..if is_late { LATE_MS } else { SEGMENT_MS / 8 });
        Event {
            // New streams appear with time.
            operation: random.usize(..3 + 2 * segment),
            at_ms: now_ms - age_ms,
            outcome: if random.u8(..5) == 0 { Outcome::Status5xx } else { Outcome::Status2xx },
            duration_ms: random.u32(1..100_000),
        }
    });
    Item::Push { key, events: events.collect() }
}
