use super::*;
use crate::db::key::day_start;
use crate::memory::head::Head;
use crate::model::resolution::BlockKey;
use crate::{GaugeCell, LabelMatchers, Options, Outcome, Scan, StreamKind, StreamRef, TimestampMs};

/// The slot at noon of some day.
const NOON: u32 = 100 * 8_640 + 12 * 360;
const STREAMS: u32 = 5;
const EVERY_SLOT: Range<Slot> = Slot(0)..Slot(u32::MAX / 900 * 900);

/// All of one partner, so that their minutes are added up.
fn stream(operation: &str) -> StreamRef<'_> {
    let labels = ["dhl", operation, "production", "", ""];
    StreamRef { kind: StreamKind::Activity, name: "requests", labels }
}

/// A request of each stream in each of some slots, sealed.
fn fill(store: &Store, slots: Range<u32>) {
    let mut batch = store.batch();
    for (number, slot) in (0..STREAMS).flat_map(|n| slots.clone().map(move |slot| (n, slot))) {
        let (name, slot) = (format!("operation-{number}"), Slot(slot));
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
fn the_newest_hour_comes_back_and_no_more() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = reopened(directory.path(), NOON);
    assert_eq!(floor(&store), NOON);
    assert_eq!(store.preload(|| false).expect("warmed"), 0);
    assert_eq!(floor(&store), NOON);
    assert_eq!(store.preload(|| true).expect("warmed"), 360);
    assert_eq!((floor(&store), store.preload(|| true).expect("warmed")), (NOON - 360, 0));
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
fn what_was_read_while_late_data_was_sealed_is_read_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // In the middle of an hour and of a minute.
    let end = NOON + 28;
    let store = reopened(directory.path(), end);
    let shared = store.shared();
    let past = Past::before(shared, WARM_MS).expect("there is something to fill");
    let older = past.read(shared, || true).expect("readable").expect("in time");
    // From below the floor to above it.
    fill(&store, end - 3..end + 3);
    assert!(past.read(shared, || true).expect("readable").is_none());
    assert!(!shared.head.extend(&past.reach, older));
    assert_eq!(floor(&store), end);
    store.preload(|| true).expect("warmed");
    assert_eq!(floor(&store), end + 3 - 360);
    for grain in [1, 6, 90] {
        let all = requests(&store, EVERY_SLOT, grain);
        assert_eq!(all, u64::from(STREAMS * 726), "by {grain}");
    }
    let late = requests(&store, Slot(end - 3)..Slot(end), 1);
    assert_eq!(late, u64::from(STREAMS * 6), "each once");
}

#[test]
fn after_an_interruption_less_is_read_at_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = reopened(directory.path(), NOON);
    let looks = std::cell::Cell::new(0);
    let go_on = || {
        looks.set(looks.get() + 1);
        if looks.get() <= 2 {
            fill(&store, NOON..NOON + 1);
        }
        true
    };
    assert_eq!(store.preload(go_on).expect("warmed"), 359, "of the hour up to the newest slot");
    assert_eq!(looks.get(), 2 + 4, "a quarter of an hour each");
    assert_eq!(floor(&store), NOON + 1 - 360);
    let all = requests(&store, EVERY_SLOT, 1);
    assert_eq!(all, u64::from(STREAMS * (720 + 2)));
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
    assert_eq!(store.preload(|| true).expect("warmed"), 120);
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
    assert_eq!(store.preload(|| true).expect("warmed"), 180);
    assert_eq!(floor(&store), midnight);
    let reader = store.reader(EVERY_SLOT, 1, Columns::ALL);
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
    let mut past = Past::before(shared, WARM_MS).expect("there is something to fill");
    let read = |past: &Past| past.read(shared, || true).expect("readable").expect("in time");
    let all = read(&past);
    assert_eq!(all.len(), 6);
    // The minutes added up count too.
    past.reach.room_bytes = all.iter().map(Resident::size_bytes).sum::<usize>() - 1;
    let newest = read(&past);
    assert_eq!(newest.len(), 5);
    assert!(shared.head.extend(&past.reach, newest));
    assert_eq!(floor(&store), NOON - 300);
    assert_eq!(requests(&store, EVERY_SLOT, 1), u64::from(STREAMS * 720));
    past.reach = shared.head.reach(shared.resident_bytes_max());
    past.slots.end = past.reach.floor;
    past.reach.room_bytes = 1;
    assert!(read(&past).is_empty());
}

#[test]
fn a_chunk_covers_less_time_the_more_streams_there_are() {
    let slots = |streams| chunk_slots(streams, SlotWidth::DEFAULT);
    assert_eq!([0, 5, 4_000, 9_000, 40_000, 1_000_000].map(slots), [60, 60, 60, 48, 12, 6]);
    let minutes = SlotWidth::from_ms(60_000).expect("a width");
    assert_eq!([1, 24_000, 1_000_000].map(|streams| chunk_slots(streams, minutes)), [10, 10, 1]);
}

#[test]
fn of_the_first_streams_twice_their_share_is_kept() {
    let reach = Head::new(Slot(360)).reach(1_000_000);
    let past = Past { reach, slots: Slot(0)..Slot(360), streams: 10_240 };
    let rooms = [0, 1_024, 4_096, 5_120, 9_216].map(|streams| past.room_bytes(streams));
    assert_eq!(rooms, [1_000_000, 200_000, 800_000, 1_000_000, 1_000_000]);
}
