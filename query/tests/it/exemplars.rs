//! Exemplars of a grid, with the keys of their streams.

use plimsoll_query::{FoundExemplars, Grid, Selector, exemplar_events, exemplars};
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
    let selector = Selector::activity("requests");
    for (limit, is_cut) in [(1, true), (2, false), (3, false)] {
        let found = exemplars(&store, &selector, &grid, &kind, limit).expect("answered");
        assert_eq!((found.best.len(), found.is_cut), (limit.min(2), is_cut), "limit {limit}");
    }
    assert_eq!(exemplar_events(&store, &selector, &grid, &kind).expect("answered"), 2);
    let slow = exemplar_events(&store, &selector, &grid, &ExemplarKind::Slow);
    assert_eq!(slow.expect("answered"), 0, "none of them has a duration");
    let found = exemplars(&store, &selector, &grid, &kind, 10);
    let FoundExemplars { best, is_cut, .. } = found.expect("answered");
    let orders = best.iter().map(|(key, exemplar)| (key.label(Label::Partner), &*exemplar.ids[0]));
    assert_eq!(orders.collect::<Vec<_>>(), [("ups", "O-2"), ("dhl", "O-1")]);
    assert!(!is_cut);
}
