//! Any interleaving of appends, late data, seals, crashes and reopenings equals a naive model, cell
//! for cell, at every resolution.

use plimsoll_storage::{Cell, Outcome, Slot, SlotValue, TimestampMs};
use proptest::prelude::*;

use crate::support::{self, Cells, PARTNERS};

/// An event: partner number, slot, duration in seconds.
type Event = (usize, u32, f64);

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Event>),
    Seal,
    Reopen,
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Two hours around the turn of a day, so that blocks, days and slots all have neighbours.
    let slot = 8_280..9_000_u32;
    let event = (0..PARTNERS.len(), slot, 0.0..20.0_f64);
    let step = prop_oneof![
        6 => prop::collection::vec(event, 1..20).prop_map(Step::Append),
        2 => Just(Step::Seal),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..16)
}

fn apply(model: &mut Cells, events: &[Event]) {
    for (partner, slot, seconds) in events {
        let mut cell = Cell::default();
        let at = TimestampMs(i64::from(*slot) * 10_000);
        cell.record(Outcome::Status2xx, Some(*seconds), at);
        let partner = PARTNERS[*partner].to_owned();
        support::merge_into(model, partner, Slot(*slot), &SlotValue::Activity(cell));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_equals_the_model(steps in steps()) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut path = directory.path().join("0");
        let mut store = support::open(&path);
        let mut model = Cells::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Append(events) => {
                    support::append(&store, events);
                    apply(&mut model, events);
                }
                Step::Seal => drop(store.seal().expect("sealed")),
                Step::Reopen => {
                    drop(store);
                    store = support::open(&path);
                }
                Step::Crash => {
                    let copy = directory.path().join(format!("{}", number + 1));
                    support::crash_copy(&path, &copy);
                    drop(store);
                    path = copy;
                    store = support::open(&path);
                }
            }
            prop_assert_eq!(&support::cells(&store), &model, "after step {} of {:?}", number, steps);
            for grain in [6, 90] {
                let mut rolled = Cells::new();
                for ((partner, slot), value) in &model {
                    let first = Slot(slot.0 / grain * grain);
                    support::merge_into(&mut rolled, partner.clone(), first, value);
                }
                let found = support::cells_by(&store, grain);
                prop_assert_eq!(found, rolled, "by {} after step {} of {:?}", grain, number, steps);
            }
        }
    }
}
