//! Sums over any streams and windows equal the sums of a scan of these streams, wherever the cells are.

use std::ops::Range;

use plimsoll_storage::{
    Cell, CellSum, LabelMatchers, Outcome, Scan, Slot, SlotValue, Store, StreamId, StreamKind,
    StreamRef, TimestampMs,
};
use proptest::prelude::*;

use crate::support;

/// An hour around the turn of a day.
const SLOTS: Range<u32> = 8_460..8_820;
const PARTNERS: [&str; 2] = ["dhl", "ups"];
const OPERATIONS: [&str; 3] = ["create_label", "track", "cancel"];
const ENVIRONMENTS: [&str; 2] = ["production", "staging"];

/// Which stream, in which slot, how long.
type Event = (usize, usize, usize, u32, f64);

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Event>),
    Seal,
    Reopen,
    Preload,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let event =
        (0..PARTNERS.len(), 0..OPERATIONS.len(), 0..ENVIRONMENTS.len(), SLOTS, 0.0..3.0_f64);
    let step = prop_oneof![
        6 => prop::collection::vec(event, 1..60).prop_map(Step::Append),
        4 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => Just(Step::Preload),
    ];
    prop::collection::vec(step, 1..12)
}

fn append(store: &Store, events: &[Event]) {
    let mut batch = store.batch();
    for (partner, operation, environment, slot, seconds) in events {
        let labels =
            [PARTNERS[*partner], OPERATIONS[*operation], ENVIRONMENTS[*environment], "", ""];
        let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        let at = store.slot_width().start(Slot(*slot));
        let cell = batch.activity(stream, Slot(*slot)).expect("room for the stream");
        cell.record(Outcome::ALL[(slot % 3) as usize], Some(*seconds), at);
    }
    let items = events.len() as u64;
    store.append_blocking(batch.finish(), items, None, TimestampMs(1)).expect("appended");
}

/// Sums by window, added up by the store.
fn sums(store: &Store, streams: &[StreamId], borders: &[Slot]) -> Vec<Cell> {
    let slots = borders[0]..borders[borders.len() - 1];
    let reader = store.reader(slots.clone(), 6, Scan::new(&[], slots).columns);
    let mut sums = vec![CellSum::default(); borders.len() - 1];
    reader.cursor().sum(streams, borders, &mut sums).expect("readable");
    sums.iter().map(CellSum::to_cell).collect()
}

/// The same from the cells of each stream.
fn scanned(store: &Store, streams: &[StreamId], borders: &[Slot]) -> Vec<Cell> {
    let mut sums = vec![CellSum::default(); borders.len() - 1];
    let scan = Scan::new(streams, borders[0]..borders[borders.len() - 1]);
    let mut visit = |_, slot: Slot, value: &SlotValue| {
        let pane = borders.partition_point(|border| *border <= slot) - 1;
        if let SlotValue::Activity(cell) = value {
            sums[pane].add(cell);
        }
    };
    store.scan(&scan, &mut visit).expect("readable");
    sums.iter().map(CellSum::to_cell).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sums_equal_scans(steps in steps(), picks in prop::collection::vec(any::<[bool; 12]>(), 1..4)) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut store = support::open(directory.path());
        for step in &steps {
            match step {
                Step::Append(events) => append(&store, events),
                Step::Seal => drop(store.seal().expect("sealed")),
                Step::Preload => drop(store.preload(|| true).expect("preloaded")),
                Step::Reopen => {
                    drop(store);
                    store = support::open(directory.path());
                }
            }
            let all = store.select(StreamKind::Activity, None, &LabelMatchers::default());
            let some = picks.iter().map(|picks| {
                let pairs = all.iter().zip(picks);
                pairs.filter(|(_, is_picked)| **is_picked).map(|(stream, _)| *stream).collect()
            });
            for streams in some.chain([all.clone()]).collect::<Vec<Vec<StreamId>>>() {
                for step in [6, 30, 360] {
                    let borders: Vec<Slot> =
                        (SLOTS.start..=SLOTS.end).step_by(step).map(Slot).collect();
                    prop_assert_eq!(sums(&store, &streams, &borders), scanned(&store, &streams, &borders));
                }
            }
        }
    }
}
