use super::*;
use crate::shared::Shared;
use crate::{
    Durability, LabelMatchers, Options, Outcome, Reader, Scan, Store, StreamKind, StreamRef,
    TimestampMs,
};

const DAY_SLOTS: u32 = 8_640;
/// Streams of the day that is downsampled.
const STREAMS: u64 = 5;

/// Streams with three requests in two minutes of a day whose slots are past their retention.
fn store_with_an_old_day(path: &std::path::Path) -> Store {
    store_with_an_old_day_and(path, Durability::Fsync)
}

fn store_with_an_old_day_and(path: &std::path::Path, durability: Durability) -> Store {
    let options = Options { durability, ..Options::new(path) };
    let store = Store::open(&options).expect("the store opens");
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
    let Shared { db, timeline, .. } = store.shared();
    db.compact().expect("compacted");
    let mut write = WriteBatch::default();
    downsample_before(db, timeline, 101, &mut write);
    db.write(write).expect("written");
    store.flush().expect("flushed");
    drop(store);
    // Opened again, nothing old is in memory any more.
    Store::open(&options).expect("the store opens")
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

/// One step of downsampling.
fn downsampled(store: &Store, blocks_max: usize) -> Downsampled {
    let Shared { db, timeline, .. } = store.shared();
    downsample(db, timeline, STREAMS as u32, blocks_max).expect("downsampled")
}

fn by_minute(store: &Store) -> Reader<'_> {
    store.reader(OLD_DAY, 6, Scan::new(&[], OLD_DAY).columns)
}

#[test]
fn every_cell_is_counted_once_while_a_day_is_downsampled_and_files_wait_for_readers() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_with_an_old_day(directory.path());
    let before = by_minute(&store);
    let mut steps = 0;
    while downsampled(&store, 1) == Downsampled::Some {
        steps += 1;
        assert_eq!(requests(&store, &by_minute(&store)), 3 * STREAMS, "after step {steps}");
    }
    assert_eq!(steps, STREAMS - 1, "a stream at a time");
    assert_eq!(downsampled(&store, 1), Downsampled::InUse);
    assert_eq!(requests(&store, &before), 3 * STREAMS, "as when it began");
    drop(before);
    assert_eq!(downsampled(&store, 1), Downsampled::Day);
    assert_eq!(downsampled(&store, 1), Downsampled::All);
    let inspection = store.inspect().expect("readable");
    let cells: Vec<u64> = inspection.resolutions.iter().map(|one| one.cells).collect();
    assert_eq!(cells, [0, 2 * STREAMS, 2 * STREAMS], "slots, minutes, quarters");
    assert_eq!(requests(&store, &by_minute(&store)), 3 * STREAMS);
}

#[test]
fn a_damaged_block_only_loses_its_own_minutes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_with_an_old_day(directory.path());
    let key = BlockKey { day: 100, stream: StreamId(2), block: 0 };
    let db = &store.shared().db;
    let mut write = WriteBatch::default();
    write.put(db, Family::Blocks, key.encode(), b"no block");
    db.write(write).expect("written");
    while downsampled(&store, 2) != Downsampled::All {}
    assert_eq!(requests(&store, &by_minute(&store)), 3 * (STREAMS - 1));
    assert_eq!(store.stats().damaged_blocks, 2, "the slots, and the minutes without them");
}

#[test]
fn in_every_mode_the_minutes_of_deleted_slots_are_in_the_files_of_a_killed_process() {
    for durability in [Durability::Fsync, Durability::Wal, Durability::Memory] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (path, copy) = (directory.path().join("data"), directory.path().join("copy"));
        let store = store_with_an_old_day_and(&path, durability);
        while downsampled(&store, 1) != Downsampled::All {}
        std::fs::create_dir(&copy).expect("created");
        for entry in std::fs::read_dir(&path).expect("listed") {
            let entry = entry.expect("listed");
            std::fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
        }
        let killed = Store::open(&Options::new(&copy)).expect("the copy opens");
        assert_eq!(requests(&killed, &by_minute(&killed)), 3 * STREAMS, "{durability:?}");
    }
}
