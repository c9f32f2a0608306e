//! Summaries of several slots: spread over their step, and how long the step of a stream is remembered.

use plimsoll_storage::{Cell, Options, Outcome, Slot, SlotValue, Store, StreamId, TimestampMs};

use crate::support::{self, PARTNERS};

const FIRST: u32 = 8_640;

fn push(store: &Store, first: u32, step_slots: u32, items: u64) {
    let mut summary = Cell { last_at: Some(TimestampMs(1)), ..Cell::default() };
    summary.outcomes.add(Outcome::Status2xx, items);
    let mut batch = store.batch();
    let step = (Slot(first), step_slots, step_slots);
    batch.summary(support::requests(PARTNERS[0]), step, summary).expect("room for the stream");
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
}

fn total(store: &Store, slots: std::ops::Range<u32>) -> u64 {
    let cells = support::cells(store);
    let inside = cells.iter().filter(|((_, slot), _)| slots.contains(&slot.0));
    inside
        .map(|(_, value)| match value {
            SlotValue::Activity(cell) => cell.outcomes.total(),
            SlotValue::Gauge(_) => 0,
        })
        .sum()
}

#[test]
fn an_hour_is_spread_over_its_slots_also_after_a_restart_and_sealing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = support::open(directory.path());
    push(&store, FIRST, 360, 3_600);
    push(&store, FIRST, 360, 720);
    drop(store);
    let store = support::open(directory.path());
    store.seal().expect("sealed");
    assert_eq!(total(&store, FIRST..FIRST + 360), 4_320);
    assert_eq!(total(&store, FIRST + 90..FIRST + 180), 1_080);
}

#[test]
fn a_step_that_has_not_ended_is_spread_over_what_has_passed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = support::open(directory.path());
    let mut summary = Cell::default();
    summary.outcomes.add(Outcome::Status2xx, 60);
    let mut batch = store.batch();
    let step = (Slot(FIRST), 360, 6);
    batch.summary(support::requests("dhl"), step, summary).expect("room for the stream");
    store.append_blocking(batch.finish(), 1, None, TimestampMs(1)).expect("appended");
    assert_eq!(total(&store, FIRST..FIRST + 6), 60);
    assert_eq!(total(&store, FIRST + 3..FIRST + 6), 30);
}

#[test]
fn a_stream_keeps_its_step_until_it_has_reported_otherwise_for_two_steps() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let stream = StreamId(0);
    let mut store = support::open(directory.path());
    let expect = |first: u32, step_slots: u32, expected: u32| {
        push(&store, first, step_slots, 1);
        assert_eq!(store.step_slots(stream), expected, "after {step_slots} at {first}");
        store.flush().expect("flushed");
    };
    expect(FIRST, 1, 1);
    expect(FIRST, 360, 360);
    expect(FIRST + 360, 30, 360);
    expect(FIRST + 361, 1, 360);
    expect(FIRST + 1_080, 1, 360);
    let changes = store.step_changes();
    push(&store, FIRST + 1_081, 1, 1);
    assert_eq!(store.step_slots(stream), 1);
    assert_eq!(store.step_changes(), changes + 1);
    // The definition on disk follows with the next append.
    push(&store, FIRST + 1_082, 1, 1);
    drop(store);
    store = support::open(directory.path());
    assert_eq!(store.step_slots(stream), 1);
    push(&store, FIRST + 1_083, 30, 1);
    drop(store);
    store = Store::open(&Options::new(directory.path())).expect("the store opens");
    assert_eq!(store.step_slots(stream), 30);
}
