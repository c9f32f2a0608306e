use super::*;
use crate::db::{WriteBatch, day_start};
use crate::memory::Head;
use crate::model::resolution::BlockKey;
use crate::{
    GaugeCell, LabelMatchers, Options, Outcome, Scan, Store, StreamKind, StreamRef, TimestampMs,
};

/// The slot at noon of some day.
const NOON: u32 = 100 * 8_640 + 12 * 360;
const STREAMS: u32 = 5;
const EVERY_SLOT: Range<Slot> = Slot(0)..Slot(u32::MAX / 900 * 900);

/// A stream of the one partner, so that the minutes of all streams are added up.
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

/// Two hours up to a slot, sealed and compacted, with an empty cache.
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

fn cached_from(store: &Store) -> u32 {
    store.shared().head.cached_from().0
}

#[test]
fn the_newest_hour_is_preloaded_and_no_more() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = reopened(directory.path(), NOON);
    assert_eq!(cached_from(&store), NOON);
    assert_eq!(store.preload(|| false).expect("preloaded"), 0);
    assert_eq!(cached_from(&store), NOON);
    assert_eq!(store.preload(|| true).expect("preloaded"), 360);
    assert_eq!((cached_from(&store), store.preload(|| true).expect("preloaded")), (NOON - 360, 0));
    for grain in [1, 6, 90] {
        let counts = [720, 360].map(|back| {
            requests(&store, Slot(NOON - back)..Slot(NOON), grain) / u64::from(STREAMS)
        });
        assert_eq!(counts, [720, 360], "by {grain}");
    }
    // Without the blocks, only the cache can answer.
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
    let range = PreloadRange::next(shared, PRELOAD_MS).expect("there is something to preload");
    let older = range.read(shared, || true).expect("readable").expect("in time");
    // From before `cached_from` to after it.
    fill(&store, end - 3..end + 3);
    assert!(range.read(shared, || true).expect("readable").is_none());
    assert!(!shared.head.extend_cache(&range.cache, older));
    assert_eq!(cached_from(&store), end);
    store.preload(|| true).expect("preloaded");
    assert_eq!(cached_from(&store), end + 3 - 360);
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
    assert_eq!(store.preload(go_on).expect("preloaded"), 359, "of the hour up to the newest slot");
    assert_eq!(looks.get(), 2 + 4, "a quarter of an hour each");
    assert_eq!(cached_from(&store), NOON + 1 - 360);
    let all = requests(&store, EVERY_SLOT, 1);
    assert_eq!(all, u64::from(STREAMS * (720 + 2)));
}

#[test]
fn cached_from_stays_after_a_damaged_block_which_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = reopened(directory.path(), NOON);
    let key = BlockKey { day: 100, stream: StreamId(2), block: 11 };
    let shared = store.shared();
    let mut write = WriteBatch::default();
    write.put(&shared.db, Family::Blocks, key.encode(), b"no block");
    shared.db.write(write).expect("written");
    // Ten minutes in the next hour, and a gap before them.
    fill(&store, NOON + 60..NOON + 120);
    drop(store);
    let store = Store::open(&Options::new(directory.path())).expect("the store opens");
    assert_eq!(store.preload(|| true).expect("preloaded"), 120);
    assert_eq!(cached_from(&store), NOON, "up to the hour of the damaged block");
    assert_eq!(requests(&store, EVERY_SLOT, 1), u64::from(STREAMS * 780 - 360));
    assert_eq!(store.damaged(&[StreamId(2)], &EVERY_SLOT).len(), 1);
}

#[test]
fn gauges_are_preloaded_and_downsampled_slots_are_not() {
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
    store.retain().expect("downsampled");
    drop(store);
    let store = Store::open(&options).expect("the store opens");
    assert_eq!(store.preload(|| true).expect("preloaded"), 180);
    assert_eq!(cached_from(&store), midnight);
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
    let mut range = PreloadRange::next(shared, PRELOAD_MS).expect("there is something to preload");
    let read =
        |range: &PreloadRange| range.read(shared, || true).expect("readable").expect("in time");
    let all = read(&range);
    assert_eq!(all.len(), 6);
    // Sums by partner count as well.
    range.cache.room_bytes = all.iter().map(CachedParts::size_bytes).sum::<usize>() - 1;
    let newest = read(&range);
    assert_eq!(newest.len(), 5);
    assert!(shared.head.extend_cache(&range.cache, newest));
    assert_eq!(cached_from(&store), NOON - 300);
    assert_eq!(requests(&store, EVERY_SLOT, 1), u64::from(STREAMS * 720));
    range.cache = shared.head.cache_state(shared.cache_bytes_max());
    range.slots.end = range.cache.cached_from;
    range.cache.room_bytes = 1;
    assert!(read(&range).is_empty());
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
    let cache = Head::new(Slot(360)).cache_state(1_000_000);
    let range = PreloadRange { cache, slots: Slot(0)..Slot(360), streams: 10_240 };
    let rooms = [0, 1_024, 4_096, 5_120, 9_216].map(|streams| range.room_bytes(streams));
    assert_eq!(rooms, [1_000_000, 200_000, 800_000, 1_000_000, 1_000_000]);
}
