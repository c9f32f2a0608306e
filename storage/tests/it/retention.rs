//! Retention: days are dropped by resolution and by size, and a clock that jumps expires nothing.

use plimsoll_storage::{
    Exemplar, ExemplarKind, ExemplarQuery, IdempotencyKey, LabelMatchers, Options, Outcome,
    Resolution, Retention, Scan, Slot, SlotValue, Store, StreamKind, TimestampMs,
};

use crate::support::{self, requests};

const DAY_SLOTS: u32 = 8_640;
const DAY_MS: i64 = 86_400_000;
/// The slot of the event within its day: no multiple of a minute.
const EVENT_SLOT: u32 = DAY_SLOTS / 2 + 17;

/// A store with an event after noon of each of `days`, sealed day by day.
fn store_of(path: &std::path::Path, retention: Retention, days: std::ops::Range<u32>) -> Store {
    let mut options = Options::new(path);
    options.retention = retention;
    let store = Store::open(&options).expect("the store opens");
    for day in days {
        support::append(&store, &[(0, day * DAY_SLOTS + EVENT_SLOT, 0.1)]);
        store.seal().expect("sealed");
        let evening = TimestampMs(i64::from(day) * DAY_MS + DAY_MS * 3 / 4);
        store.maintain(evening).expect("maintained");
        store.retain().expect("retained");
    }
    store
}

/// Where the event of each day is found by a scan with a grain: the day and the slot within it, which shows
/// the resolution.
fn found(store: &Store, grain: u32) -> Vec<(u32, u32)> {
    let streams =
        store.select(StreamKind::Activity, Some(requests("dhl").name), &LabelMatchers::default());
    let mut found = Vec::new();
    for day in 0..200 {
        let slots = Slot(day * DAY_SLOTS)..Slot((day + 1) * DAY_SLOTS);
        let mut visit = |_, slot: Slot, value: &SlotValue| {
            if let SlotValue::Activity(cell) = value {
                assert_eq!(cell.outcomes.get(Outcome::Status2xx), 1);
                found.push((day, slot.0 % DAY_SLOTS));
            }
        };
        let scan = Scan { grain, ..Scan::new(&streams, slots) };
        store.scan(&scan, &mut visit).expect("readable");
    }
    found
}

fn days(store: &Store) -> Vec<u32> {
    found(store, 1).into_iter().map(|(day, _)| day).collect()
}

#[test]
fn each_resolution_keeps_its_days() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let retention = Retention {
        slot_ms: 2 * DAY_MS,
        minute_ms: 4 * DAY_MS,
        quarter_ms: 6 * DAY_MS,
        size_bytes: None,
    };
    drop(store_of(directory.path(), retention, 100..110));
    // After a restart nothing old is in memory.
    let store = store_of(directory.path(), retention, 0..0);
    // The newest day is 109, noon: slots reach two days back, minutes four, quarters six.
    let (slot, minute, quarter) = (EVENT_SLOT, EVENT_SLOT / 6 * 6, EVENT_SLOT / 90 * 90);
    let kept = [
        (103, quarter),
        (104, quarter),
        (105, minute),
        (106, minute),
        (107, slot),
        (108, slot),
        (109, slot),
    ];
    assert_eq!(found(&store, 1), kept);
    assert_eq!(found(&store, 90), (103..110).map(|day| (day, quarter)).collect::<Vec<_>>());
    assert_eq!(store.oldest_kept(TimestampMs(10 * DAY_MS)), TimestampMs(4 * DAY_MS));
}

#[test]
fn a_clock_that_jumps_ahead_expires_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_of(directory.path(), Retention::default(), 100..103);
    store.maintain(TimestampMs(i64::MAX / 2)).expect("maintained");
    assert_eq!(store.retain().expect("retained"), 0);
    assert_eq!(days(&store), [100, 101, 102]);
}

#[test]
fn data_too_old_for_a_resolution_is_kept_at_the_coarser_ones() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_of(directory.path(), Retention::default(), 150..151);
    support::append(&store, &[(0, 120 * DAY_SLOTS + 17, 0.1), (0, 40 * DAY_SLOTS + 97, 0.1)]);
    let unsealed = [(40, 97), (120, 17), (150, EVENT_SLOT)];
    assert_eq!(found(&store, 1), unsealed, "unsealed cells are read by the slot");
    store.seal().expect("sealed");
    let sealed = [(40, 90), (120, 12), (150, EVENT_SLOT)];
    assert_eq!(found(&store, 1), sealed, "by the quarter, by the minute, by the slot");
    let days_of = |found: Vec<(u32, u32)>| found.into_iter().map(|(day, _)| day);
    assert!(days_of(found(&store, 90)).eq([40, 120, 150]));
    drop(store);
    let store = store_of(directory.path(), Retention::default(), 0..0);
    assert_eq!(found(&store, 1), sealed);
    assert!(days_of(found(&store, 90)).eq([40, 120, 150]));
    let coarser = |day: u32, grain| {
        let slots = Slot(day * DAY_SLOTS)..Slot((day + 1) * DAY_SLOTS);
        store.coarser_slots(&slots, grain)
    };
    assert_eq!([40, 120, 150].map(|day| coarser(day, 1)), [Some(90), Some(6), None]);
    assert_eq!([40, 120, 150].map(|day| coarser(day, 6)), [Some(90), None, None]);
    assert_eq!([40, 120, 150].map(|day| coarser(day, 90)), [None, None, None]);
}

#[test]
fn the_oldest_time_kept_follows_the_newest_data_sealed_or_not() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let retention = Retention { quarter_ms: 90 * DAY_MS, ..Retention::default() };
    let now = TimestampMs(1_000 * DAY_MS);
    let store = store_of(directory.path(), retention, 0..0);
    assert!(store.oldest_kept(now) < TimestampMs(0), "an empty store takes anything");
    support::append(&store, &[(0, 500 * DAY_SLOTS - 1, 0.1)]);
    assert_eq!(store.oldest_kept(now), TimestampMs(410 * DAY_MS));
    assert_eq!(store.oldest_kept(TimestampMs(100 * DAY_MS)), TimestampMs(10 * DAY_MS));
    drop(store);
    let store = store_of(directory.path(), retention, 0..0);
    assert_eq!(store.oldest_kept(now), TimestampMs(410 * DAY_MS), "as after a replay");
    support::append(&store, &[(0, 600 * DAY_SLOTS - 1, 0.1)]);
    store.seal().expect("sealed");
    assert_eq!(store.oldest_kept(now), TimestampMs(510 * DAY_MS));
    drop(store);
    let store = store_of(directory.path(), retention, 0..0);
    assert_eq!(store.oldest_kept(now), TimestampMs(510 * DAY_MS));
}

#[test]
fn a_replay_keeps_data_of_any_age() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let retention =
        Retention { slot_ms: DAY_MS, minute_ms: DAY_MS, quarter_ms: DAY_MS, size_bytes: None };
    let store = store_of(directory.path(), retention, 0..0);
    support::append(&store, &[(0, 50 * DAY_SLOTS, 0.1), (0, 150 * DAY_SLOTS, 0.1)]);
    drop(store);
    let store = store_of(directory.path(), retention, 0..0);
    assert_eq!(days(&store), [50, 150]);
    assert_eq!(store.seal().expect("sealed").expired, 1, "past every retention when it is sealed");
    assert_eq!(days(&store), [150]);
}

#[test]
fn the_first_block_of_the_next_day_stays_when_it_ends_a_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut options = Options::new(directory.path());
    options.retention = Retention { slot_ms: 1, ..Retention::default() };
    let store = Store::open(&options).expect("the store opens");
    // One file with two days, whose last key is the first that the second day can have.
    support::append(&store, &[(0, DAY_SLOTS - 1, 0.1), (0, DAY_SLOTS + 90, 0.1)]);
    store.seal().expect("sealed");
    store.compact().expect("compacted");
    drop(store);
    let store = Store::open(&options).expect("the store opens again");
    store.retain().expect("retained");
    let minute = DAY_SLOTS - 6;
    assert_eq!(found(&store, 1), [(0, minute), (1, 90)]);
}

#[test]
fn the_oldest_days_are_dropped_when_the_files_are_too_large() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let retention = Retention { size_bytes: Some(0), ..Retention::default() };
    let store = store_of(directory.path(), retention, 100..104);
    store.compact().expect("compacted");
    store.retain().expect("retained");
    drop(store);
    let store = store_of(directory.path(), Retention::default(), 0..0);
    assert_eq!(days(&store), [103], "the newest day stays");
}

#[test]
fn a_clock_and_connectors_that_jump_ahead_together_expire_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_of(directory.path(), Retention::default(), 100..107);
    let every_day: Vec<(u32, u32)> = (100..107).map(|day| (day, EVENT_SLOT)).collect();
    let evening = TimestampMs(106 * DAY_MS + DAY_MS * 3 / 4);
    store.trust_clock_until(evening.plus_ms(DAY_MS / 24));
    for years in [1, 3] {
        let days = years * 365;
        support::append(&store, &[(0, (106 + days) * DAY_SLOTS + EVENT_SLOT, 0.1)]);
        let shown = evening.plus_ms(i64::from(days) * DAY_MS);
        store.maintain(shown).expect("maintained");
        store.seal().expect("sealed");
        assert_eq!(store.retain().expect("retained"), 0);
        assert_eq!(found(&store, 1), every_day, "{years} years");
        assert!(store.oldest_kept(shown) <= evening.plus_ms(-700 * DAY_MS), "{years} years");
    }
    // It is set back, and time passes.
    store.trust_clock_until(evening.plus_ms(3 * DAY_MS));
    store.maintain(evening.plus_ms(2 * DAY_MS)).expect("maintained");
    store.retain().expect("retained");
    let in_slots = found(&store, 1).into_iter().filter(|(_, slot)| *slot == EVENT_SLOT);
    assert_eq!(in_slots.map(|(day, _)| day).min(), Some(100));
}

#[test]
fn a_push_that_is_repeated_after_the_clock_jumped_ahead_counts_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store_of(directory.path(), Retention::default(), 100..101);
    let noon = TimestampMs(100 * DAY_MS + DAY_MS / 2);
    store.trust_clock_until(noon.plus_ms(DAY_MS / 24));
    for (ahead_days, is_repeated) in [(0, false), (365, true), (0, true)] {
        let batch = support::batch_of(&store, &[(0, 100 * DAY_SLOTS, 0.1)]);
        let key = IdempotencyKey { key: b"key".to_vec(), digest: [1; 16] };
        let received_at = noon.plus_ms(ahead_days * DAY_MS);
        let appended = store.append_blocking(batch, 1, Some(key), received_at).expect("appended");
        assert_eq!(appended.duplicate, is_repeated, "{ahead_days} days ahead");
    }
}

#[test]
fn while_a_reader_needs_the_files_of_a_day_no_other_day_is_dropped() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    drop(store_of(directory.path(), Retention::default(), 100..104));
    let retention = Retention { size_bytes: Some(0), ..Retention::default() };
    let mut options = Options::new(directory.path());
    options.retention = retention;
    let store = Store::open(&options).expect("the store opens");
    let first_slot = || {
        let kept = store.kept_slots(Resolution::Slot).expect("readable").expect("something");
        kept.start.0 / DAY_SLOTS
    };
    let every_slot = Slot(0)..Slot(104 * DAY_SLOTS);
    let reader = store.reader(every_slot.clone(), 1, Scan::new(&[], every_slot).columns);
    for _ in 0..3 {
        store.retain().expect("retained");
        assert_eq!(first_slot(), 101);
    }
    drop(reader);
    store.retain().expect("retained");
    assert_eq!(first_slot(), 103, "the newest day stays");
}

#[test]
fn failed_exemplars_are_kept_as_long_as_slots_and_slow_ones_for_a_day() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let retention = Retention { slot_ms: 3 * DAY_MS, ..Retention::default() };
    let mut options = Options::new(directory.path());
    options.retention = retention;
    let store = Store::open(&options).expect("the store opens");
    for day in 100..110_u32 {
        let slot = Slot(day * DAY_SLOTS + EVENT_SLOT);
        let at = store.slot_width().start(slot);
        let order = format!("O-{day}");
        let mut batch = store.batch();
        let cell = batch.activity(requests("dhl"), slot).expect("room for the stream");
        cell.record(Outcome::Timeout, Some(30.0), at);
        let ids = [order.as_str(), "", ""];
        let duration_us = Some(30_000_000);
        let event = Exemplar { at, outcome: Outcome::Timeout, duration_us, ids };
        batch.exemplar(requests("dhl"), slot, event).expect("room for the stream");
        store.append_blocking(batch.finish(), 1, None, at).expect("appended");
        store.seal().expect("sealed");
        store.retain().expect("retained");
    }
    let streams = store.select(StreamKind::Activity, None, &LabelMatchers::default());
    let orders = |of| {
        let slots = Slot(0)..Slot(u32::MAX);
        let query = ExemplarQuery { streams: &streams, slots, kind: &of, limit: 100 };
        let found = store.exemplars(&query).expect("readable");
        found.best.into_iter().map(|(_, event)| event.ids[0].clone()).collect::<Vec<_>>()
    };
    let failed = || ExemplarKind::Failed(vec![Outcome::Timeout]);
    assert_eq!(orders(failed()), ["O-109", "O-108", "O-107", "O-106"], "days whose slots are kept");
    assert_eq!(orders(ExemplarKind::Slow), ["O-109", "O-108"]);
}
