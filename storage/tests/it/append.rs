//! Appending: durability, idempotency, group commit, errors at open.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_storage::{
    Appended, Durability, Error, GaugeCell, IdempotencyKey, Label, LabelMatchers, Options, Scan,
    Slot, SlotValue, SlotWidth, Store, StreamKind, StreamRef, TimestampMs,
};

use crate::support::{self, PARTNERS, append, batch_of, cells, open};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn count(store: &Store) -> u64 {
    let activity = |value: &SlotValue| match value {
        SlotValue::Activity(cell) => cell.outcomes.total(),
        SlotValue::Gauge(_) => 0,
    };
    cells(store).values().map(activity).sum()
}

fn key(key: &str, digest: u8) -> IdempotencyKey {
    IdempotencyKey { key: key.into(), digest: [digest; 16] }
}

#[test]
fn another_request_under_a_key_is_not_stored() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    let send = |store: &Store, digest| {
        let batch = batch_of(store, &[(0, 5, 0.1)]);
        store.append_blocking(batch, 1, Some(key("k-1", digest)), TimestampMs(0))
    };
    send(&store, 1).expect("stored");
    assert!(matches!(send(&store, 2), Err(Error::KeyReused)));
    drop(store);
    let store = open(directory.path());
    assert!(matches!(send(&store, 2), Err(Error::KeyReused)), "also after a restart");
    assert!(send(&store, 1).expect("the same request").duplicate);
    assert_eq!(count(&store), 1);
    let counted = |name, digest| store.counted(&key(name, digest), TimestampMs(0));
    assert!(matches!(counted("k-1", 1), Ok(Some(1))));
    assert!(matches!(counted("k-1", 2), Err(Error::KeyReused)));
    assert!(matches!(counted("k-9", 1), Ok(None)));

    // The writer finds the first of them on disk or in its group.
    let answers = [3, 4].map(|digest| {
        let batch = batch_of(&store, &[(0, 5, 0.1)]);
        store.append(batch, 1, Some(key("k-2", digest)), TimestampMs(0)).expect("queued")
    });
    let [first, second] = answers.map(|answer| answer.blocking_recv().expect("answered"));
    assert!(first.is_ok() && matches!(second, Err(Error::KeyReused)), "{second:?}");
    assert_eq!(count(&store), 2);
}

#[test]
fn a_repeated_key_counts_nothing_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    let send = |store: &Store, now| {
        let batch = batch_of(store, &[(0, 5, 0.1), (1, 5, 0.2)]);
        store.append_blocking(batch, 2, Some(key("k-1", 1)), TimestampMs(now)).expect("appended")
    };
    assert_eq!(send(&store, 0), Appended { items: 2, duplicate: false });
    assert_eq!(send(&store, 1_000), Appended { items: 2, duplicate: true });
    drop(store);
    let store = open(directory.path());
    assert_eq!(send(&store, DAY_MS - 1), Appended { items: 2, duplicate: true });
    assert_eq!(count(&store), 2);
    assert_eq!(send(&store, DAY_MS), Appended { items: 2, duplicate: false }, "kept for a day");
    assert_eq!(count(&store), 4);
}

#[test]
fn of_many_concurrent_appends_with_one_key_one_counts() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Arc::new(open(directory.path()));
    let answers: Vec<_> = (0..32)
        .map(|number| {
            let batch = batch_of(&store, &[(number % PARTNERS.len(), 7, 0.1)]);
            store.append(batch, 1, Some(key("same", 1)), TimestampMs(0)).expect("queued")
        })
        .collect();
    let fresh = answers.into_iter().map(|answer| answer.blocking_recv().expect("answered"));
    assert_eq!(fresh.filter(|answer| !answer.as_ref().expect("stored").duplicate).count(), 1);
    assert_eq!(count(&store), 1);
}

#[test]
fn streams_introduced_concurrently_keep_their_cells_after_a_crash() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("live");
    let store = open(&path);
    // Each of these batches defines its streams as new.
    let batches: Vec<_> = (0..40)
        .map(|n| batch_of(&store, &[(n % 5, n as u32, 0.1), ((n + 1) % 5, 9, 0.2)]))
        .collect();
    let answers: Vec<_> = batches
        .into_iter()
        .map(|batch| store.append(batch, 2, None, TimestampMs(0)).expect("queued"))
        .collect();
    for answer in answers {
        answer.blocking_recv().expect("answered").expect("stored");
    }
    let copy = directory.path().join("copy");
    support::crash_copy(&path, &copy);
    assert_eq!(cells(&open(&copy)), cells(&store));
    assert_eq!(store.label_values(Label::Partner).len(), PARTNERS.len());
}

#[test]
fn gauges_and_freshness_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    let depth = StreamRef {
        kind: StreamKind::Gauge,
        name: "queue_depth",
        labels: ["dhl", "", "production", "", ""],
    };
    let mut batch = store.batch();
    for (value, at) in [(12.0, 10_500), (7.0, 11_000)] {
        let reading = GaugeCell::new(value, TimestampMs(at));
        batch.gauge(depth, Slot(1), reading).expect("room for the stream");
    }
    let batch = batch.finish();
    store.append_blocking(batch, 2, None, TimestampMs(0)).expect("appended");
    append(&store, &[(0, 3, 0.1)]);
    store.seal().expect("sealed");
    drop(store);
    let store = open(directory.path());
    let gauges = store.select(StreamKind::Gauge, Some("queue_depth"), &LabelMatchers::new());
    assert_eq!(store.last_seen(gauges[0]), Some(TimestampMs(11_000)));
    let mut seen = Vec::new();
    store
        .scan(&Scan::new(&gauges, Slot(0)..Slot(9)), &mut |_, slot, value| {
            seen.push((slot, value.clone()));
        })
        .expect("readable");
    let SlotValue::Gauge(gauge) = &seen[0].1 else { panic!("a gauge: {seen:?}") };
    assert_eq!((gauge.last, gauge.min, gauge.max, gauge.count), (7.0, 7.0, 12.0, 2));
}

#[test]
fn sealing_is_due_by_age_and_empties_the_head() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    assert_eq!(store.maintain(TimestampMs(DAY_MS)).expect("maintained"), None);
    append(&store, &[(0, 3, 0.1), (1, 400, 0.1)]);
    assert_eq!(store.maintain(TimestampMs(2)).expect("maintained"), None, "not due yet");
    let sealed = store.maintain(TimestampMs(DAY_MS)).expect("maintained").expect("sealed");
    assert_eq!((sealed.cells, sealed.parts), (2, 4), "a part of slots and one of quarters each");
    assert_eq!(store.stats().head_bytes, 0);
    assert_eq!(count(&store), 2);
}

#[test]
fn a_directory_in_use_or_of_another_slot_width_is_not_opened() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    let again = Store::open(&Options::new(directory.path())).expect_err("in use");
    assert!(matches!(again, Error::InUse { .. }), "{again}");
    drop(store);
    let mut options = Options::new(directory.path());
    options.slot_width = SlotWidth::from_ms(1_000);
    let width = Store::open(&options).expect_err("another width");
    assert!(
        matches!(width, Error::SlotWidth { stored_ms: 10_000, requested_ms: 1_000 }),
        "{width}"
    );
}

#[test]
fn without_a_log_a_sealed_and_closed_store_keeps_its_data() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut options = Options::new(directory.path());
    options.durability = Durability::Memory;
    let store = Store::open(&options).expect("opens");
    append(&store, &[(0, 3, 0.1)]);
    store.seal().expect("sealed");
    drop(store);
    let store = Store::open(&options).expect("opens again");
    assert_eq!(count(&store), 1);
    let partners: BTreeMap<_, _> = cells(&store);
    assert!(partners.contains_key(&("dhl".to_owned(), Slot(3))));
}

#[test]
fn a_reader_delays_neither_appends_nor_sealing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    append(&store, &[(0, 7, 0.1), (1, 7, 0.2)]);
    store.seal().expect("sealed");
    let before = cells(&store);
    let streams = store.select(StreamKind::Activity, None, &Default::default());
    let mut seen = Vec::new();
    let scan = Scan::new(&streams, Slot(0)..Slot(100));
    let read = store.scan(&scan, &mut |_, slot, value| {
        // With a lock held here, this would never return.
        append(&store, &[(0, 7, 0.3), (1, 8, 0.3), (2, 9, 0.3)]);
        store.seal().expect("sealed");
        seen.push((slot, value.clone()));
    });
    read.expect("readable");
    // New cells may be seen as well; every old cell is seen once.
    for ((_, slot), value) in &before {
        assert_eq!(seen.iter().filter(|one| **one == (*slot, value.clone())).count(), 1);
    }
    assert_ne!(cells(&store), before);
}

#[test]
fn reads_end_before_the_store_is_closed_and_appends_go_on() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    append(&store, &[(0, 5, 0.1)]);
    store.seal().expect("sealed");
    append(&store, &[(0, 6, 0.1)]);
    assert_eq!(count(&store), 2);
    store.end_reads();
    let streams = store.select(StreamKind::Activity, None, &Default::default());
    // One slot is in a block and in the cache, the other in the head.
    for slots in [Slot(5)..Slot(6), Slot(6)..Slot(7)] {
        let read = store.scan(&Scan::new(&streams, slots), &mut |_, _, _| {});
        assert!(matches!(read, Err(Error::Closed)), "{read:?}");
    }
    append(&store, &[(0, 7, 0.1)]);
    store.flush().expect("flushed");
    store.end_compactions();
    drop(store);
    assert_eq!(count(&open(directory.path())), 3);
}
