use super::*;
use crate::read::scan::Reader;
use crate::{LabelMatchers, Options, Outcome, Scan, Store, StreamKind, StreamRef, TimestampMs};

const DAY_SLOTS: u32 = 8_640;
/// Streams of the day that ages.
const STREAMS: u64 = 5;

/// Streams with three requests in two minutes of a day whose slots are past their retention.
fn store_with_an_old_day(path: &std::path::Path) -> Store {
    let store = Store::open(&Options::new(path)).expect("the store opens");
    let mut batch = store.batch();
    for (partner, slot) in (0..STREAMS).flat_map(|partner| [40, 41, 100].map(|at| (partner, at))) {
        let name = format!("partner-{partner}");
        let stream = StreamRef {
            kind: StreamKind::Activity,
            name: "requests",
            labels: [&name, "", "production", "", ""],
        };
        let slot = Slot(100 * DAY_SLOTS + slot);
        let at = store.slot_width().start(slot);
        let cell = batch.activity(stream, slot).expect("room for the stream");
        cell.record(Outcome::Status2xx, Some(0.1), at);
    }
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
    store.seal().expect("sealed");
    let shared = store.shared();
    shared.db.compact().expect("compacted");
    let mut write = WriteBatch::default();
    shared.age_before(101, &mut write);
    shared.db.write(write).expect("written");
    drop(store);
    // Opened again, nothing old is in memory any more.
    Store::open(&Options::new(path)).expect("the store opens")
}

const OLD_DAY: std::ops::Range<Slot> = Slot(100 * DAY_SLOTS)..Slot(101 * DAY_SLOTS);

fn requests(store: &Store, reader: &Reader<'_>) -> u64 {
    let streams = store.select(StreamKind::Activity, None, &LabelMatchers::default());
    let mut count = 0;
    let mut visit = |_, _, value: &SlotValue| {
        if let SlotValue::Activity(cell) = value {
            count += cell.outcomes.total();
        }
    };
    reader.scan(&streams, &mut visit).expect("readable");
    count
}

fn by_minute(store: &Store) -> Reader<'_> {
    store.reader(OLD_DAY, 6, Scan::new(&[], OLD_DAY).wanted)
}

#[test]
fn every_cell_is_counted_once_while_a_day_ages_and_files_wait_for_readers() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_with_an_old_day(directory.path());
    let before = by_minute(&store);
    let mut steps = 0;
    while age(store.shared(), 1).expect("aged") == Aged::Some {
        steps += 1;
        assert_eq!(requests(&store, &by_minute(&store)), 3 * STREAMS, "after step {steps}");
    }
    assert_eq!(steps, STREAMS - 1, "a stream at a time");
    assert_eq!(age(store.shared(), 1).expect("aged"), Aged::InUse);
    assert_eq!(requests(&store, &before), 3 * STREAMS, "as when it began");
    drop(before);
    assert_eq!(age(store.shared(), 1).expect("aged"), Aged::Day);
    assert_eq!(age(store.shared(), 1).expect("aged"), Aged::All);
    let inspection = store.inspect().expect("readable");
    let cells: Vec<u64> = inspection.resolutions.iter().map(|one| one.cells).collect();
    assert_eq!(cells, [0, 2 * STREAMS, 2 * STREAMS], "slots, minutes, quarters");
    assert_eq!(requests(&store, &by_minute(&store)), 3 * STREAMS);
}

#[test]
fn a_damaged_block_costs_its_own_minutes_only() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_with_an_old_day(directory.path());
    let key = BlockKey { day: 100, stream: StreamId(2), block: 0 };
    let family = store.shared().db.family(Family::Blocks);
    store.shared().db.raw().put_cf(family, key.encode(), b"no block").expect("written");
    while age(store.shared(), 2).expect("aged") != Aged::All {}
    assert_eq!(requests(&store, &by_minute(&store)), 3 * (STREAMS - 1));
    assert_eq!(store.stats().damaged_blocks, 1);
}
