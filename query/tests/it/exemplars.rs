//! Exemplars of a grid, with the keys of their streams.

use plimsoll_query::{FoundExemplars, Grid, Selector, exemplars};
use plimsoll_storage::{
    Exemplar, ExemplarKind, Label, Outcome, SlotWidth, StreamKind, StreamRef, TimestampMs,
};

use crate::common::empty_store;

#[test]
fn exemplars_come_from_the_slots_of_the_grid_newest_first() {
    let (_directory, store) = empty_store();
    let mut batch = store.batch();
    for (partner, at, order) in
        [("dhl", 5_000, "O-1"), ("ups", 15_000, "O-2"), ("dhl", 65_000, "O-3")]
    {
        let labels = [partner, "", "production", "", ""];
        let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        let at = TimestampMs(at);
        let slot = store.slot_width().slot_of(at);
        batch.activity(stream, slot).expect("room").record(Outcome::Timeout, None, at);
        let ids = [order, "", ""];
        let event = Exemplar { at, outcome: Outcome::Timeout, duration_us: None, ids };
        batch.exemplar(stream, slot, event).expect("room");
    }
    store.append_blocking(batch.finish(), 3, None, TimestampMs(0)).expect("appended");
    let grid = Grid::at(TimestampMs(60_000), 60_000, SlotWidth::DEFAULT).expect("valid");
    let kind = ExemplarKind::Failed(vec![Outcome::Timeout]);
    let found = exemplars(&store, &Selector::activity("requests"), &grid, &kind, 10);
    let FoundExemplars { best, is_cut } = found.expect("answered");
    let orders = best.iter().map(|(key, exemplar)| (key.label(Label::Partner), &*exemplar.ids[0]));
    assert_eq!(orders.collect::<Vec<_>>(), [("ups", "O-2"), ("dhl", "O-1")]);
    assert!(!is_cut);
}
