//! After any interleaving of appends, late data, seals, crashes, restarts and preloads the store equals a
//! naive model: every cell at every resolution, and every exemplar.

use std::cell::Cell as Shared;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use plimsoll_storage::{
    Cell, Exemplar, ExemplarKind, ExemplarQuery, Options, Outcome, Retention, Slot, SlotValue,
    Store, StreamKind, TimestampMs,
};
use proptest::prelude::*;

use crate::support::{self, Cells, PARTNERS};

/// Two hours around the turn of a day, so that blocks, days and slots all have neighbours.
const SLOTS: std::ops::Range<u32> = 8_280..9_000;

/// An event: partner number, slot, and what happened.
type Event = (usize, u32, Exemplar);

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Event>),
    Seal,
    Retain,
    Compact,
    Reopen,
    Crash,
    /// Preload the cache, stopped after so many steps.
    Preload(u32),
}

/// Events of few slots, times, durations and orders, so that they coincide.
fn event(slot: impl Strategy<Value = u32>) -> impl Strategy<Value = Event> {
    let outcome = prop_oneof![
        Just(Outcome::Status2xx),
        Just(Outcome::Status5xx),
        Just(Outcome::Timeout),
        Just(Outcome::Exception)
    ];
    let seconds = prop_oneof![0.0..20.0_f64, (0..3_u8).prop_map(f64::from)];
    let order = prop_oneof![Just(String::new()), "O-[1-7]"];
    (0..PARTNERS.len(), slot, 0..4_i64, outcome, seconds, order).prop_map(
        |(partner, slot, ms, outcome, seconds, order)| {
            let at = TimestampMs(i64::from(slot) * 10_000 + ms);
            let duration_us = Some((seconds * 1e6).round() as u64);
            let ids = [order, String::new(), String::new()];
            (partner, slot, Exemplar { at, outcome, duration_us, ids })
        },
    )
}

/// Events of any time, more often of some overlapping minutes.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let any_time = prop_oneof![SLOTS, 8_638..8_642_u32];
    let minutes = (0..6_u32).prop_map(|number| 8_570 + 20 * number);
    prop_oneof![
        1 => prop::collection::vec(event(any_time), 1..20),
        2 => minutes.prop_flat_map(|first| prop::collection::vec(event(first..first + 40), 1..20)),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let preload = || (1..8_u32).prop_map(Step::Preload);
    let step = prop_oneof![
        6 => events().prop_map(Step::Append),
        2 => Just(Step::Seal),
        1 => Just(Step::Retain),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        1 => preload(),
    ];
    // A restart, then late and new data that is sealed before the preload.
    let restart = (events(), preload()).prop_map(|(events, preload)| {
        vec![Step::Seal, Step::Reopen, Step::Append(events), Step::Seal, preload]
    });
    let steps = prop_oneof![8 => step.prop_map(|step| vec![step]), 1 => restart];
    prop::collection::vec(steps, 1..16).prop_map(|steps| steps.concat())
}

fn record(cell: &mut Cell, event: &Exemplar) {
    let seconds = event.duration_us.map(|us| us as f64 / 1e6);
    cell.record(event.outcome, seconds, event.at);
}

fn append(store: &Store, events: &[Event]) {
    let mut batch = store.batch();
    for (partner, slot, event) in events {
        let (stream, slot) = (support::requests(PARTNERS[*partner]), Slot(*slot));
        record(batch.activity(stream, slot).expect("room for the stream"), event);
        batch.exemplar(stream, slot, event.as_ref()).expect("room for the stream");
    }
    let batch = batch.finish();
    store.append_blocking(batch, events.len() as u64, None, TimestampMs(1)).expect("appended");
}

/// The expected content of the store.
#[derive(Default)]
struct Model {
    cells: Cells,
    events: Vec<Event>,
}

/// The store under test.
struct Subject {
    directory: tempfile::TempDir,
    options: Options,
    store: Option<Store>,
}

impl Subject {
    fn new(retention: Retention) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut options = Options::new(directory.path().join("0"));
        options.retention = retention;
        let store = Some(Store::open(&options).expect("the store opens"));
        Self { directory, options, store }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("it is open between steps")
    }

    fn apply(&mut self, number: usize, step: &Step) {
        match step {
            Step::Append(events) => append(self.store(), events),
            Step::Seal => drop(self.store().seal().expect("sealed")),
            Step::Retain => drop(self.store().retain().expect("retained")),
            Step::Compact => self.store().compact().expect("compacted"),
            Step::Reopen => {
                self.store = None;
                self.store = Some(Store::open(&self.options).expect("the store opens"));
            }
            Step::Crash => {
                let copy = self.directory.path().join(format!("{}", number + 1));
                support::crash_copy(&self.options.path, &copy);
                self.options.path = copy;
                self.store = None;
                self.store = Some(Store::open(&self.options).expect("the store opens"));
            }
            Step::Preload(steps) => {
                let left = Shared::new(*steps);
                let go_on = || left.replace(left.get().saturating_sub(1)) > 0;
                self.store().preload(go_on).expect("preloaded");
            }
        }
    }
}

impl Model {
    fn apply(&mut self, step: &Step) {
        if let Step::Append(events) = step {
            self.append(events);
        }
    }

    /// The cells by the first of every `grain` slots.
    fn rolled(&self, grain: u32) -> Cells {
        let mut rolled = Cells::new();
        for ((partner, slot), value) in &self.cells {
            let first = Slot(slot.0 / grain * grain);
            support::merge_into(&mut rolled, partner.clone(), first, value);
        }
        rolled
    }

    fn append(&mut self, events: &[Event]) {
        for (partner, slot, event) in events {
            let mut cell = Cell::default();
            record(&mut cell, event);
            let partner = PARTNERS[*partner].to_owned();
            let value = SlotValue::Activity(cell);
            support::merge_into(&mut self.cells, partner, Slot(*slot), &value);
        }
        self.events.extend_from_slice(events);
    }

    /// The best exemplars in some slots, of the best of each class and slot, and whether there are more.
    fn exemplars(&self, slots: &std::ops::Range<Slot>, of: &ExemplarKind) -> (Vec<Exemplar>, bool) {
        let mut by_slot = BTreeMap::<_, Vec<Exemplar>>::new();
        for (partner, slot, event) in &self.events {
            let class = match of {
                ExemplarKind::Failed(classes) if !classes.contains(&event.outcome) => continue,
                ExemplarKind::Failed(_) => Some(event.outcome),
                ExemplarKind::Slow => None,
            };
            if slots.contains(&Slot(*slot)) && event.ids.iter().any(|id| !id.is_empty()) {
                by_slot.entry((*partner, *slot, class)).or_default().push(event.clone());
            }
        }
        let few = by_slot.into_values().flat_map(|events| best(events, of, 3)).collect();
        let mut all = best(few, of, usize::MAX);
        let has_more = all.len() > LIMIT;
        all.truncate(LIMIT);
        (all, has_more)
    }
}

/// The limit of exemplar queries.
const LIMIT: usize = 7;

fn best(mut events: Vec<Exemplar>, of: &ExemplarKind, limit: usize) -> Vec<Exemplar> {
    events.sort_by_key(|it| {
        let whole = (it.at, it.duration_us, it.outcome, it.ids.clone());
        Reverse((if *of == ExemplarKind::Slow { it.duration_us } else { None }, whole))
    });
    let mut seen = Vec::new();
    events.retain(|it| !seen.contains(&it.ids) && (seen.push(it.ids.clone()), true).1);
    events.truncate(limit);
    events
}

fn exemplars(
    store: &Store,
    slots: &std::ops::Range<Slot>,
    of: &ExemplarKind,
) -> (Vec<Exemplar>, bool) {
    let streams = store.select(StreamKind::Activity, None, &Default::default());
    let query = ExemplarQuery { streams: &streams, slots: slots.clone(), kind: of, limit: LIMIT };
    let found = store.exemplars(&query).expect("readable");
    assert!(!found.is_cut);
    (found.best.into_iter().map(|(_, exemplar)| exemplar).collect(), found.has_more)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_store_equals_the_model(steps in steps()) {
        let mut subject = Subject::new(Retention::default());
        let mut model = Model::default();
        for (number, step) in steps.iter().enumerate() {
            subject.apply(number, step);
            model.apply(step);
            let store = subject.store();
            prop_assert_eq!(&support::cells(store), &model.cells, "after step {} of {:?}", number, steps);
            for grain in [6, 90] {
                let (found, expected) = (support::cells_by(store, grain), model.rolled(grain));
                prop_assert_eq!(found, expected, "by {} after step {} of {:?}", grain, number, steps);
            }
            let failed = |classes: &[Outcome]| ExemplarKind::Failed(classes.to_vec());
            for of in [
                failed(&[Outcome::Timeout]),
                failed(&[Outcome::Status5xx, Outcome::Timeout, Outcome::Exception]),
                ExemplarKind::Slow,
            ] {
                for slots in [Slot(0)..Slot(u32::MAX), Slot(8_639)..Slot(8_641), Slot(8_640)..Slot(8_640)] {
                    let (found, expected) = (exemplars(store, &slots, &of), model.exemplars(&slots, &of));
                    prop_assert_eq!(
                        found, expected,
                        "{:?} {:?} after step {} of {:?}", of, slots, number, steps
                    );
                }
            }
        }
    }

    #[test]
    fn downsampled_slots_are_counted_once_by_the_minute(steps in steps()) {
        // Only the newest day keeps its slots.
        let mut subject = Subject::new(Retention { slot_ms: 1, ..Retention::default() });
        let mut model = Model::default();
        for (number, step) in steps.iter().enumerate() {
            subject.apply(number, step);
            model.apply(step);
            for grain in [6, 90] {
                let (found, expected) = (support::cells_by(subject.store(), grain), model.rolled(grain));
                prop_assert_eq!(found, expected, "by {} after step {} of {:?}", grain, number, steps);
            }
        }
    }
}
