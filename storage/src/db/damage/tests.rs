use super::*;
use crate::{LabelMatchers, Options, Scan, Slot, SlotValue, Store, StreamKind, TimestampMs};

#[test]
fn a_damaged_journal_record_is_kept_aside_and_the_rest_replayed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = Options::new(directory.path());
    let store = Store::open(&options).expect("opens");
    for slot in 1..=3 {
        let mut batch = store.batch();
        let key = crate::StreamRef {
            kind: StreamKind::Activity,
            name: "requests",
            labels: ["dhl", "", "production", "", ""],
        };
        let cell = batch.activity(key, Slot(slot)).expect("room");
        cell.record(crate::Outcome::Status2xx, None, TimestampMs(i64::from(slot) * 10_000));
        let batch = batch.finish();
        store.append_blocking(batch, 1, None, TimestampMs(1)).expect("appended");
    }
    let db = &store.shared().db;
    let mut write = WriteBatch::default();
    write.put_cf(db.family(Family::Journal), 2_u64.to_be_bytes(), b"\x01broken");
    db.write(write).expect("written");
    drop(store);

    for _ in 0..2 {
        let store = Store::open(&options).expect("opens in spite of the damage");
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
