//! Filling memory after a start: the newest sealed cells are read from their blocks and kept as if they had just
//! been sealed ([`Resident`]), so that questions about recent time are as fast as before.
//!
//! It goes back step by step, each a stretch of time of every stream, because from the floor on memory must hold
//! every sealed cell. Nothing is held up: a step reads what lay in blocks when it began, and when something was
//! sealed meanwhile, which may be late data of the same stretch, it is done again.

use std::ops::Range;

use rocksdb::ReadOptions;

use crate::{
    ageing::Moment,
    block::{Visitor, Wanted},
    cursor::Blocks,
    error::Result,
    head::{Reach, Run},
    limits::{WARM_MS, WARM_STEP_CELLS, WARM_STEP_MS, WARM_STEPS_MAX},
    model::{
        cell::SlotValue,
        stream::StreamId,
        time::{Slot, SlotWidth},
    },
    resident::Resident,
    resolution::Resolution,
    schema::Family,
    seal,
    store::{Shared, Store},
};

impl Store {
    /// Fills memory with the cells that were sealed last, newest first: of an hour, or of less when that is all that
    /// fits or a block is damaged. Returns how many slots further back questions can be answered without blocks. For
    /// after a start; appends and readers go on meanwhile. Before each step it asks `go_on`.
    ///
    /// # Errors
    /// When the database cannot be read; what was filled by then stays.
    pub fn warm(&self, go_on: impl Fn() -> bool) -> Result<u32> {
        let shared = self.shared();
        let mut slots = 0;
        for _ in (0..WARM_STEPS_MAX).take_while(|_| go_on()) {
            let Some(step) = Step::next(shared) else { break };
            let Some(older) = step.read(shared)? else { break };
            let _nothing_is_sealed = self.sealing.lock();
            if shared.head.extend(&step.reach, older) {
                slots += step.slots.end.0 - step.slots.start.0;
            }
        }
        Ok(slots)
    }
}

/// A stretch of time just below the floor.
struct Step {
    reach: Reach,
    slots: Range<Slot>,
    /// Streams that may have cells in it.
    streams: u32,
}

impl Step {
    /// The next one back from the floor, unless that is as low as it should be.
    fn next(shared: &Shared) -> Option<Self> {
        // The reach first: what is sealed or named from here on has the step done again.
        let reach = shared.head.reach();
        let width = shared.slot_width;
        let streams = shared.catalog.read().len();
        let end = shared.sealed_slot().plus(1);
        let lowest = end.minus(width.slots_in(WARM_MS)).max(shared.aged());
        let step = step_slots(streams, width);
        let first = Slot(reach.floor.0.saturating_sub(1) / step * step).max(lowest);
        let is_left = first < reach.floor && reach.room_bytes > 0;
        is_left.then_some(Self { reach, slots: first..reach.floor, streams: streams as u32 })
    }

    /// Everything in the stretch that is sealed. `None` when that does not fit into memory, or when some of it cannot
    /// be read: readers are to meet the damage, and to name it.
    fn read(&self, shared: &Shared) -> Result<Option<Resident>> {
        let moment = Moment::now(shared);
        let mut options = ReadOptions::default();
        options.set_snapshot(moment.snapshot());
        options.fill_cache(false);
        let family = shared.db.family(Family::Blocks);
        let iterator = shared.db.raw().raw_iterator_cf_opt(family, options);
        let mut blocks = Blocks::new(shared, Resolution::Slot, iterator);
        let mut older = Resident::new(self.slots.start);
        let mut run = Run::new();
        for stream in (0..self.streams).map(StreamId) {
            run.clear();
            let mut visit = |_, slot, value: &SlotValue| add(&mut run, slot, value);
            blocks.read(&[stream], &self.slots, Wanted::ALL, &mut Visitor::new(&mut visit))?;
            keep(&mut older, stream, &run, shared.slot_width);
            if blocks.met_damage || older.size_bytes() > self.reach.room_bytes {
                return Ok(None);
            }
        }
        seal::add_up(shared, &mut older);
        Ok(Some(older))
    }
}

/// How many slots a step goes back at the most: whole minutes, fewer when there are many streams.
fn step_slots(streams: usize, width: SlotWidth) -> u32 {
    let minute = Resolution::Minute.slots(width);
    let affordable = u32::try_from(WARM_STEP_CELLS / streams.max(1)).unwrap_or(u32::MAX);
    (affordable / minute * minute).clamp(minute, width.slots_in(WARM_STEP_MS))
}

/// Adds a cell to a run. Parts of a block may share slots.
fn add(run: &mut Run, slot: Slot, value: &SlotValue) {
    match run.binary_search_by_key(&slot, |(held, _)| *held) {
        // In bounds: the search found it there.
        Ok(position) => run[position].1.merge(value),
        Err(position) => run.insert(position, (slot, value.clone())),
    }
}

/// Keeps a run as sealing does.
fn keep(resident: &mut Resident, stream: StreamId, run: &Run, width: SlotWidth) {
    let ([(first, _), ..], [.., (last, _)]) = (run.as_slice(), run.as_slice()) else { return };
    for resolution in [Resolution::Slot, Resolution::Minute] {
        if resolution.is_kept(width) {
            let part = seal::part_of(resolution, run, width);
            resident.add(resolution, stream, (*first, *last), &part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        GaugeCell, LabelMatchers, Options, Outcome, Scan, StreamKind, StreamRef, TimestampMs,
        key::day_start, resolution::BlockKey,
    };

    /// The slot at noon of some day.
    const NOON: u32 = 100 * 8_640 + 12 * 360;
    const STREAMS: u32 = 5;
    const EVERY_SLOT: Range<Slot> = Slot(0)..Slot(u32::MAX / 900 * 900);

    fn stream(name: &str) -> StreamRef<'_> {
        let labels = [name, "", "production", "", ""];
        StreamRef { kind: StreamKind::Activity, name: "requests", labels }
    }

    /// A request of each stream in each of some slots, sealed.
    fn fill(store: &Store, slots: Range<u32>) {
        let mut batch = store.batch();
        for (number, slot) in (0..STREAMS).flat_map(|n| slots.clone().map(move |slot| (n, slot))) {
            let (name, slot) = (format!("partner-{number}"), Slot(slot));
            let cell = batch.activity(stream(&name), slot).expect("room for the stream");
            cell.record(Outcome::Status2xx, Some(0.1), store.slot_width().start(slot));
        }
        store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
        store.seal().expect("sealed");
    }

    /// Two hours up to a slot, sealed and folded, and nothing in memory.
    fn reopened(path: &std::path::Path, end: u32) -> Store {
        let store = Store::open(&Options::new(path)).expect("the store opens");
        fill(&store, end - 720..end);
        store.compact().expect("compacted");
        drop(store);
        Store::open(&Options::new(path)).expect("the store opens")
    }

    fn requests(store: &Store, slots: Range<Slot>, grain: u32) -> u64 {
        let streams = store.select(StreamKind::Activity, None, &LabelMatchers::default());
        let mut count = 0;
        let mut visit = |_, _, value: &SlotValue| {
            if let SlotValue::Activity(cell) = value {
                count += cell.outcomes.total();
            }
        };
        let scan = Scan { grain, ..Scan::new(&streams, slots) };
        store.scan(&scan, &mut visit).expect("readable");
        count
    }

    fn floor(store: &Store) -> u32 {
        store.shared().head.floor().0
    }

    #[test]
    fn the_newest_hour_comes_back_in_steps_and_no_further() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = reopened(directory.path(), NOON);
        assert_eq!(floor(&store), NOON);
        assert_eq!(store.warm(|| false).expect("warmed"), 0);
        let left = std::cell::Cell::new(2);
        let go_on = || left.replace(left.get() - 1) > 0;
        assert_eq!(store.warm(go_on).expect("warmed"), 120, "twice ten minutes");
        assert_eq!(floor(&store), NOON - 120);
        assert_eq!(store.warm(|| true).expect("warmed"), 240);
        assert_eq!((floor(&store), store.warm(|| true).expect("warmed")), (NOON - 360, 0));
        for grain in [1, 6, 90] {
            let counts = [720, 360].map(|back| {
                requests(&store, Slot(NOON - back)..Slot(NOON), grain) / u64::from(STREAMS)
            });
            assert_eq!(counts, [720, 360], "by {grain}");
        }
        // Only memory can say so: the blocks are gone.
        let families = [Family::Blocks, Family::Blocks1m, Family::Blocks15m];
        for family in families {
            let shared = store.shared();
            shared.db.drop_range(family, &day_start(0), &day_start(u32::MAX)).expect("dropped");
        }
        for grain in [1, 6] {
            let hour = requests(&store, Slot(NOON - 360)..Slot(NOON), grain);
            assert_eq!(hour, u64::from(360 * STREAMS), "by {grain}");
        }
    }

    #[test]
    fn a_step_during_which_late_data_was_sealed_is_done_again() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // In the middle of an hour and of a minute.
        let end = NOON + 28;
        let store = reopened(directory.path(), end);
        let shared = store.shared();
        let step = Step::next(shared).expect("there is something to fill");
        let older = step.read(shared).expect("readable").expect("it fits");
        // From below the floor to above it.
        fill(&store, end - 3..end + 3);
        assert!(!shared.head.extend(&step.reach, older));
        assert_eq!(floor(&store), end);
        store.warm(|| true).expect("warmed");
        assert_eq!(floor(&store), end + 3 - 360);
        for grain in [1, 6, 90] {
            let all = requests(&store, EVERY_SLOT, grain);
            assert_eq!(all, u64::from(STREAMS * 726), "by {grain}");
        }
        let late = requests(&store, Slot(end - 3)..Slot(end), 1);
        assert_eq!(late, u64::from(STREAMS * 6), "each once");
    }

    #[test]
    fn the_floor_stays_above_a_damaged_block_which_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = reopened(directory.path(), NOON);
        let key = BlockKey { day: 100, stream: StreamId(2), block: 11 };
        let shared = store.shared();
        let family = shared.db.family(Family::Blocks);
        shared.db.raw().put_cf(family, key.encode(), b"no block").expect("written");
        // Of the next hour there are twenty minutes.
        fill(&store, NOON + 60..NOON + 120);
        drop(store);
        let store = Store::open(&Options::new(directory.path())).expect("the store opens");
        assert_eq!(store.warm(|| true).expect("warmed"), 120);
        assert_eq!(floor(&store), NOON, "up to the hour of the damaged block");
        assert_eq!(requests(&store, EVERY_SLOT, 1), u64::from(STREAMS * 780 - 360));
        assert_eq!(store.damaged(&[StreamId(2)], &EVERY_SLOT).len(), 1);
    }

    #[test]
    fn gauges_come_back_too_and_slots_that_aged_do_not() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut options = Options::new(directory.path());
        options.retention.slot_ms = 1;
        let store = Store::open(&options).expect("the store opens");
        // Half an hour before the turn of a day, half an hour after it.
        let midnight = 101 * 8_640;
        let mut batch = store.batch();
        for slot in midnight - 180..midnight + 180 {
            let at = store.slot_width().start(Slot(slot));
            let gauge = StreamRef { kind: StreamKind::Gauge, ..stream("dhl") };
            let reading = GaugeCell::new(f64::from(slot), at);
            batch.gauge(gauge, Slot(slot), reading).expect("room for the stream");
        }
        let now = store.slot_width().start(Slot(midnight + 180));
        store.append_blocking(batch.finish(), 1, None, now).expect("appended");
        store.seal().expect("sealed");
        store.retain().expect("aged");
        drop(store);
        let store = Store::open(&options).expect("the store opens");
        assert_eq!(store.warm(|| true).expect("warmed"), 180);
        assert_eq!(floor(&store), midnight);
        let reader = store.reader(EVERY_SLOT, 1, Wanted::ALL);
        let mut last = Vec::new();
        let mut visit = |_, slot: Slot, value: &SlotValue| {
            if let SlotValue::Gauge(gauge) = value {
                last.push((slot.0, gauge.last as u32));
            }
        };
        reader.scan(&[StreamId(0)], &mut visit).expect("readable");
        let today = (midnight..midnight + 180).map(|slot| (slot, slot));
        assert!(today.eq(last.into_iter().filter(|(slot, _)| *slot >= midnight)));
    }

    #[test]
    fn what_does_not_fit_stays_in_blocks() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = reopened(directory.path(), NOON);
        let shared = store.shared();
        let mut step = Step::next(shared).expect("there is something to fill");
        let older = step.read(shared).expect("readable").expect("it fits");
        step.reach.room_bytes = older.size_bytes() - 1;
        assert!(step.read(shared).expect("readable").is_none());
        assert!(!shared.head.extend(&step.reach, older));
        assert_eq!(floor(&store), NOON);
    }

    #[test]
    fn a_step_goes_back_less_far_the_more_streams_there_are() {
        let slots = |streams| step_slots(streams, SlotWidth::DEFAULT);
        assert_eq!([0, 5, 4_000, 9_000, 40_000, 1_000_000].map(slots), [60, 60, 60, 48, 12, 6]);
        let minutes = SlotWidth::from_ms(60_000).expect("a width");
        assert_eq!([1, 24_000, 1_000_000].map(|streams| step_slots(streams, minutes)), [10, 10, 1]);
    }
}
