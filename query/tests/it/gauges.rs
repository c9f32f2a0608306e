//! Gauges of windows at every alignment.

use std::collections::BTreeSet;
use std::ops::Range;

use plimsoll_query::{Grid, Selector, gauges, groups};
use plimsoll_storage::{
    GaugeCell, Label, Slot, SlotWidth, Store, StreamKind, StreamRef, TimestampMs,
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::common::{PARTNERS, SLOT_MS, empty_store, partner_of, whole_slots};

const SPAN_MS: i64 = 1_800_000;

#[derive(Debug, Clone)]
struct Reading {
    partner: usize,
    at: i64,
    value: f64,
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let reading = (0..PARTNERS.len(), 0..SPAN_MS, -1e3..1e3_f64);
    let reading = reading.prop_map(|(partner, at, value)| Reading { partner, at, value });
    prop::collection::vec(reading, 1..80)
}

fn store_of(readings: &[Reading]) -> (TempDir, Store) {
    let (directory, store) = empty_store();
    for (number, chunk) in readings.chunks(20).enumerate() {
        let mut batch = store.batch();
        for reading in chunk {
            let labels = [PARTNERS[reading.partner], "", "production", "", ""];
            let stream = StreamRef { kind: StreamKind::Gauge, name: "queue_depth", labels };
            let at = TimestampMs(reading.at);
            let slot: Slot = store.slot_width().slot_of(at);
            batch.gauge(stream, slot, GaugeCell::new(reading.value, at)).expect("room");
        }
        store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).expect("appended");
        if number % 2 == 0 {
            store.seal().expect("sealed");
        }
    }
    (directory, store)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn readings_of_a_window_are_merged(
        readings in readings(),
        start in whole_slots(0..900_000),
        step in whole_slots(10_000..300_000),
        window in whole_slots(10_000..900_000),
    ) {
        let (_directory, store) = store_of(&readings);
        let end = TimestampMs(SPAN_MS + 60_000);
        let grid = Grid::range((TimestampMs(start), end), step, window, SlotWidth::DEFAULT).expect("valid");
        let selector = Selector { kind: StreamKind::Gauge, ..Selector::activity("queue_depth") };
        let found = groups(&store, &selector, &[Label::Partner]);
        let mut count = 0;
        for series in gauges(&store, found, &grid).expect("answered") {
            for point in &series.points {
                let is_mine = |reading: &&Reading| {
                    let slot = reading.at / SLOT_MS * SLOT_MS;
                    PARTNERS[reading.partner] == partner_of(&series)
                        && slot >= point.t.0 - window
                        && slot + SLOT_MS <= point.t.0
                };
                let mine: Vec<&Reading> = readings.iter().filter(is_mine).collect();
                let values = || mine.iter().map(|reading| reading.value);
                let gauge = &point.gauge;
                let order = |a: &&&Reading, b: &&&Reading| {
                    (a.at, a.value).partial_cmp(&(b.at, b.value)).expect("numbers")
                };
                let newest = mine.iter().max_by(order);
                prop_assert_eq!(Some(gauge.last), newest.map(|reading| reading.value));
                prop_assert_eq!(gauge.min, values().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(gauge.max, values().fold(f64::NEG_INFINITY, f64::max));
                prop_assert_eq!(gauge.count, mine.len() as u64);
                let mean = values().sum::<f64>() / mine.len() as f64;
                prop_assert!((gauge.mean() - mean).abs() < 1e-9 * 1e3, "{} {mean}", gauge.mean());
                count += 1;
            }
        }
        let windows = grid.points(store.slot_width()).map(|(_, slots)| slots);
        let alive = |slots: Range<Slot>| {
            let slot_of = |reading: &Reading| store.slot_width().slot_of(TimestampMs(reading.at));
            let mine = readings.iter().filter(|reading| slots.contains(&slot_of(reading)));
            mine.map(|reading| reading.partner).collect::<BTreeSet<_>>().len()
        };
        prop_assert_eq!(count, windows.map(alive).sum::<usize>(), "no window with readings is left out");
    }
}
