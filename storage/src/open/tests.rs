use super::*;
use crate::{Durability, LabelMatchers, Outcome, Scan, SlotValue, Store, StreamKind, StreamRef};

#[test]
fn a_database_of_another_format_version_is_not_opened() {
    for version in [FORMAT_VERSION - 1, FORMAT_VERSION + 1] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("data");
        drop(Store::open(&Options::new(&path)).expect("the store opens"));
        let db = Database::open(&path, Durability::Wal, &Default::default()).expect("opens");
        let mut write = WriteBatch::default();
        write.put(&db, Family::Meta, meta::FORMAT, version.to_be_bytes());
        db.write(write).expect("written");
        drop(db);
        let copy = directory.path().join("copy");
        let errors = [
            Store::open(&Options::new(&path)).map(drop),
            crate::restore(&path, &copy, &mut |_, _| {}).map(drop),
        ];
        for error in errors.map(|result| result.expect_err("another version")) {
            let Error::FormatVersion { found, expected, .. } = error else { panic!("{error}") };
            assert_eq!((found, expected), (version, FORMAT_VERSION));
        }
    }
}

#[test]
fn a_damaged_journal_record_is_set_aside_and_the_rest_replayed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = Options::new(directory.path());
    let store = Store::open(&options).expect("opens");
    for slot in 1..=3 {
        let mut batch = store.batch();
        let key = StreamRef {
            kind: StreamKind::Activity,
            name: "requests",
            labels: ["dhl", "", "production", "", ""],
        };
        let cell = batch.activity(key, Slot(slot)).expect("room");
        cell.record(Outcome::Status2xx, None, TimestampMs(i64::from(slot) * 10_000));
        let batch = batch.finish();
        store.append_blocking(batch, 1, None, TimestampMs(1)).expect("appended");
    }
    let db = &store.shared().db;
    let mut write = WriteBatch::default();
    write.put(db, Family::Journal, 2_u64.to_be_bytes(), b"\x01broken");
    db.write(write).expect("written");
    drop(store);

    for _ in 0..2 {
        let store = Store::open(&options).expect("opens despite the damage");
        let streams = store.select(StreamKind::Activity, None, &LabelMatchers::new());
        let mut slots = Vec::new();
        let scan = Scan::new(&streams, Slot(0)..Slot(9));
        store.scan(&scan, &mut |_, slot, _: &SlotValue| slots.push(slot.0)).expect("readable");
        slots.sort_unstable();
        assert_eq!(slots, [1, 3]);
        let found = store.inspect().expect("inspected");
        assert_eq!(found.damaged_count, 1);
        assert!(found.damaged[0].contains("journal record 2"), "{:?}", found.damaged);
        store.seal().expect("sealed");
    }
}
