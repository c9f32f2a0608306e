//! Streams: who may make new ones, and when they are forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_storage::{
    Cell, Error, LabelMatchers, Options, Outcome, Retention, Scan, Slot, Store, StreamId,
    StreamKind, StreamLimit, StreamRef, TimestampMs,
};
use proptest::prelude::*;

const DAY_SLOTS: u32 = 8_640;
const DAY_MS: i64 = 86_400_000;

fn stream<'a>(partner: &'a str, operation: &'a str) -> StreamRef<'a> {
    let labels = [partner, operation, "production", "", ""];
    StreamRef { kind: StreamKind::Activity, name: "requests", labels }
}

fn options(path: &Path) -> Options {
    let mut options = Options::new(path);
    options.retention = Retention {
        slot_ms: DAY_MS,
        minute_ms: 2 * DAY_MS,
        quarter_ms: 4 * DAY_MS,
        size_bytes: None,
    };
    options.streams_max = 1_000;
    options
}

fn append(store: &Store, partner: &str, operation: &str, slot: u32) {
    let mut batch = store.batch();
    let cell = batch.activity(stream(partner, operation), Slot(slot)).expect("room");
    cell.record(Outcome::Status2xx, None, store.slot_width().start(Slot(slot)));
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
}

fn heartbeat(store: &Store, operation: &str, slot: u32) {
    let mut batch = store.batch();
    let step = (Slot(slot), 1, 1);
    batch.summary(stream("dhl", operation), step, Cell::default()).expect("room");
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
}

fn all(store: &Store) -> Vec<StreamId> {
    store.select(StreamKind::Activity, None, &LabelMatchers::new())
}

fn operations(store: &Store) -> BTreeSet<String> {
    let key = |id| {
        store.stream_key(id).expect("a stream").label(plimsoll_storage::Label::Operation).to_owned()
    };
    all(store).into_iter().map(key).collect()
}

fn end_of(day: u32) -> TimestampMs {
    TimestampMs(i64::from(day) * DAY_MS + DAY_MS - 1)
}

fn retain(store: &Store, day: u32) {
    store.seal().expect("sealed");
    store.maintain(end_of(day)).expect("maintained");
    store.retain().expect("retained");
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn streams_without_data_are_forgotten_and_their_ids_are_not_given_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = options(directory.path());
    let store = Store::open(&options).expect("opens");
    append(&store, "dhl", "old", 100 * DAY_SLOTS);
    heartbeat(&store, "old heartbeat", 100 * DAY_SLOTS);
    append(&store, "dhl", "kept", 100 * DAY_SLOTS);
    append(&store, "dhl", "kept", 107 * DAY_SLOTS);
    heartbeat(&store, "heartbeat", 107 * DAY_SLOTS);
    append(&store, "dhl", "last", 107 * DAY_SLOTS);
    let old = all(&store);
    retain(&store, 100);
    assert_eq!(operations(&store).len(), 5, "what is in a block stays");
    retain(&store, 107);
    assert_eq!(operations(&store), set(&["kept", "heartbeat", "last"]));
    drop(store);

    let store = Store::open(&options).expect("opens with a gap in the ids");
    assert_eq!(operations(&store), set(&["kept", "heartbeat", "last"]));
    append(&store, "dhl", "old", 107 * DAY_SLOTS);
    let new: Vec<_> = all(&store).into_iter().filter(|id| !old.contains(id)).collect();
    assert_eq!(new, [StreamId(5)]);
    // The newest ids are forgotten too, and still not given again.
    append(&store, "dhl", "kept", 120 * DAY_SLOTS);
    retain(&store, 120);
    assert_eq!(operations(&store), set(&["kept"]));
    drop(store);
    let store = Store::open(&options).expect("opens");
    append(&store, "dhl", "new", 120 * DAY_SLOTS);
    assert_eq!(all(&store).last(), Some(&StreamId(6)));
}

#[test]
fn late_data_that_is_not_sealed_keeps_its_stream() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(&options(directory.path())).expect("opens");
    append(&store, "dhl", "kept", 107 * DAY_SLOTS);
    retain(&store, 107);
    append(&store, "dhl", "late", 105 * DAY_SLOTS);
    // The oldest block is that of day 107.
    store.retain().expect("retained");
    assert_eq!(operations(&store), set(&["kept", "late"]));
    retain(&store, 107);
    assert_eq!(operations(&store), set(&["kept", "late"]), "its block is there now");
}

#[test]
fn a_batch_for_a_stream_that_was_forgotten_meanwhile_can_be_sent_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(&options(directory.path())).expect("opens");
    append(&store, "dhl", "old", 100 * DAY_SLOTS);
    append(&store, "dhl", "kept", 107 * DAY_SLOTS);
    let build = || {
        let mut batch = store.batch();
        let cell = batch.activity(stream("dhl", "old"), Slot(107 * DAY_SLOTS)).expect("room");
        cell.record(Outcome::Status5xx, None, TimestampMs(1));
        batch.finish()
    };
    let batch = build();
    retain(&store, 107);
    let error = store.append_blocking(batch, 1, None, TimestampMs(1)).expect_err("forgotten");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    store.append_blocking(build(), 1, None, TimestampMs(1)).expect("appended");
    assert_eq!(operations(&store), set(&["kept", "old"]));
}

#[test]
fn a_flood_of_one_partner_leaves_room_for_all_others_also_after_a_restart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = options(directory.path());
    let mut store = Store::open(&options).expect("opens");
    append(&store, "small", "create_label", 9_000_000);
    for _ in 0..2 {
        let mut batch = store.batch();
        let (mut taken, mut rejected) = (0, 0);
        for number in 0..2_000 {
            let operation = format!("order-{number}");
            match batch.activity(stream("flood", &operation), Slot(9_000_000)) {
                Ok(cell) => {
                    cell.record(Outcome::Status2xx, None, TimestampMs(1));
                    taken += 1;
                }
                Err(Error::StreamLimit(StreamLimit::Partner { partner, streams, limit, most })) => {
                    assert_eq!((partner.as_str(), streams >= limit), ("flood", true));
                    assert!(most.label == "operation" || most.values == 1, "{most}");
                    rejected += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        store.append_blocking(batch.finish(), taken, None, TimestampMs(1)).expect("appended");
        assert_eq!((taken, rejected), (100, 1_900), "50 and a tenth of 500");
        append(&store, "small", "new_operation", 9_000_000);
        append(&store, "new", "create_label", 9_000_000);
        let usage = store.stream_usage();
        assert_eq!((usage.streams, usage.shared), (103, 50));
        drop(store);
        store = Store::open(&options).expect("opens");
        assert_eq!(store.stream_usage().shared, 50);
    }
}

/// What of each operation is stored, by scanning all of it.
fn stored(store: &Store) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for grain in [1, 6, 90] {
        let scan_of = |streams: &[StreamId]| {
            let mut with_cells = BTreeSet::new();
            let scan = Scan { grain, ..Scan::new(streams, Slot(0)..Slot(200 * DAY_SLOTS)) };
            store
                .scan(&scan, &mut |id, _, _| {
                    with_cells.insert(id);
                })
                .expect("readable");
            with_cells
        };
        for id in scan_of(&all(store)) {
            let key = store.stream_key(id).expect("a stream");
            found.insert(key.label(plimsoll_storage::Label::Operation).to_owned());
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every stream with a cell is known, and no other but those of the oldest day that is kept, whose cells
    /// expire before it does.
    #[test]
    fn streams_are_known_as_long_as_they_have_cells(
        steps in proptest::collection::vec((0_u32..4, 0_u32..8, 0_usize..5), 1..25),
    ) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let options = options(directory.path());
        let mut store = Store::open(&options).expect("opens");
        let (mut day, mut newest) = (100, BTreeMap::<String, u32>::new());
        for (ahead, operation, then) in steps {
            let operation = format!("op-{operation}");
            let slot = (day + ahead - (ahead / 3) * 5) * DAY_SLOTS + 77;
            match then {
                0 => heartbeat(&store, &operation, slot),
                _ => append(&store, "dhl", &operation, slot),
            }
            let held = newest.entry(operation).or_default();
            *held = slot.max(*held);
            day += ahead / 2;
            match then {
                1 => retain(&store, day),
                2 => drop(store.seal().expect("sealed")),
                3 => drop(store.retain().expect("retained")),
                4 => {
                    drop(store);
                    store = Store::open(&options).expect("opens");
                }
                _ => {}
            }
            prop_assert!(operations(&store).is_superset(&stored(&store)));
        }
        retain(&store, day);
        prop_assert_eq!(with_data(&store, &newest, end_of(day)), Ok(()));
        drop(store);
        // Without a clock yet, time is that of the newest data, which may let more expire.
        let store = Store::open(&options).expect("opens");
        store.retain().expect("retained");
        prop_assert_eq!(with_data(&store, &newest, TimestampMs(i64::MAX)), Ok(()));
    }
}

/// Checks that the streams are those with cells, and perhaps those whose newest slot is of the oldest day.
fn with_data(
    store: &Store,
    newest: &BTreeMap<String, u32>,
    now: TimestampMs,
) -> Result<(), String> {
    let (known, stored) = (operations(store), stored(store));
    let oldest_day = store.oldest_kept(now).0 / DAY_MS;
    let is_recent = |it: &&String| i64::from(newest[*it] / DAY_SLOTS) >= oldest_day;
    let unknown: Vec<_> = stored.difference(&known).collect();
    let empty: Vec<_> = known.difference(&stored).filter(|it| !is_recent(it)).collect();
    if unknown.is_empty() && empty.is_empty() {
        return Ok(());
    }
    Err(format!("unknown: {unknown:?}, without data: {empty:?}, oldest day {oldest_day}"))
}
