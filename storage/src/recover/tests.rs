use rocksdb::DB;

use super::*;
use crate::{
    Cell, Durability, Error, LabelMatchers, Options, Outcome, Scan, Store, StreamKind, StreamRef,
    codec, is_database, schema::Setup,
};

/// Lets a database look as an older or later version left it.
fn as_of(version: u32, path: &Path, lacks: &[Family]) {
    let Setup { database, families } = Setup::new(Durability::Wal, &Default::default());
    let mut db = DB::open_cf_descriptors(&database, path, families).expect("opens");
    for family in lacks {
        db.drop_cf(family.name()).expect("dropped");
    }
    db.put(meta::FORMAT, version.to_be_bytes()).expect("written");
}

#[test]
fn a_database_of_the_first_version_is_taken_over_and_one_of_a_later_version_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("data");
    drop(Store::open(&Options::new(&path)).expect("made"));
    as_of(1, &path, &[Family::Exemplars]);
    let copy = directory.path().join("copy");
    crate::restore(&path, &copy, &mut |_, _| {}).expect("a backup of it is read");
    assert!(is_database(&copy));
    let store = Store::open(&Options::new(&path)).expect("taken over");
    assert_eq!(store.inspect().expect("readable").format_version, FORMAT_VERSION);
    drop(store);
    let db = Database::open(&path, Durability::Wal, &Default::default()).expect("opens");
    let written = db.get(Family::Meta, meta::FORMAT).expect("readable");
    assert_eq!(written.as_deref(), Some(&FORMAT_VERSION.to_be_bytes()[..]));
    drop(db);
    as_of(FORMAT_VERSION + 1, &path, &[]);
    let refused = Store::open(&Options::new(&path)).expect_err("a later version");
    let (found, expected) = (FORMAT_VERSION + 1, FORMAT_VERSION);
    assert!(
        matches!(refused, Error::FormatVersion { found: f, expected: e, .. } if (f, e) == (found, expected)),
        "{refused}"
    );
}

/// Requests counted by the minute on a day.
fn by_the_minute(store: &Store, day: u32) -> u64 {
    let streams = store.select(StreamKind::Activity, None, &LabelMatchers::default());
    let slots = Slot(day * 8_640)..Slot((day + 1) * 8_640);
    let mut count = 0;
    let scan = Scan { grain: 6, ..Scan::new(&streams, slots) };
    let mut visit = |_, _, value: &SlotValue| {
        if let SlotValue::Activity(cell) = value {
            count += cell.outcomes.total();
        }
    };
    store.scan(&scan, &mut visit).expect("readable");
    count
}

#[test]
fn minutes_that_lay_beside_their_slots_are_counted_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    let (old, recent) = (100, 105);
    let store = Store::open(&Options::new(path)).expect("made");
    let mut batch = store.batch();
    for day in [old, recent] {
        let slot = Slot(day * 8_640 + 40);
        let requests = StreamRef {
            kind: StreamKind::Activity,
            name: "requests",
            labels: ["dhl", "", "production", "", ""],
        };
        let cell = batch.activity(requests, slot).expect("room for the stream");
        cell.record(Outcome::Status2xx, Some(0.1), store.slot_width().start(slot));
    }
    store.append_blocking(batch.finish(), 2, None, TimestampMs(1)).expect("appended");
    store.seal().expect("sealed");
    drop(store);
    as_of(2, path, &[]);
    let db = Database::open(path, Durability::Wal, &Default::default()).expect("opens");
    let mut write = WriteBatch::default();
    for day in [old, recent] {
        let slot = Slot(day * 8_640 + 40);
        let mut cell = Cell::default();
        cell.record(Outcome::Status2xx, Some(0.1), TimestampMs(i64::from(slot.0) * 10_000));
        let minute = Resolution::Minute.cell_of(slot, SlotWidth::DEFAULT);
        let part = codec::encode_hot(&[(minute, SlotValue::Activity(cell))]);
        let key = Resolution::Minute.block_of(StreamId(0), slot, SlotWidth::DEFAULT);
        write.merge_cf(db.family(Family::Blocks1m), key.encode(), part);
    }
    write.delete_cf(db.family(Family::Meta), meta::SLOTS_FROM);
    db.write(write).expect("written");
    drop(db);
    let mut options = Options::new(path);
    options.retention.slot_ms = 3 * 86_400_000;
    let store = Store::open(&options).expect("taken over");
    assert_eq!([old, recent].map(|day| by_the_minute(&store, day)), [1, 1]);
    let kept = |resolution| store.kept_slots(resolution).expect("readable").map(|it| it.start);
    let days = |day: u32| Some(Slot(day * 8_640));
    assert_eq!(kept(Resolution::Slot), days(recent));
    assert_eq!(kept(Resolution::Minute), days(old));
}
