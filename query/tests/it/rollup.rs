//! Roll-ups give the same answers as the cells they were made of, also after those cells have expired.

use plimsoll_query::{Grid, LatencyMeasures, latency, outcomes};
use plimsoll_storage::{Options, Retention, SlotWidth, Store, TimestampMs};
use proptest::prelude::*;

use crate::common::{Event, by_partner, covered, events, partner_of, store_of};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn check(store: &Store, all: &[Event], grid: &Grid) -> Result<(), TestCaseError> {
    let counted = outcomes(store, by_partner(store), grid).expect("answered");
    let timed = latency(store, by_partner(store), grid, &LatencyMeasures::quantiles(&[0.95]));
    let mut found = 0;
    for (series, timed) in counted.iter().zip(&timed.expect("answered")) {
        for (point, timed) in series.points.iter().zip(&timed.points) {
            let mine = covered(all, partner_of(series), point.t.0, grid.window_ms());
            let exact = mine.count() as u64;
            prop_assert_eq!((point.counts.total(), timed.count), (exact, exact));
            found += exact;
        }
    }
    let partners = crate::common::PARTNERS;
    let width = store.slot_width();
    let expected: usize = grid
        .points(width)
        .map(|(t, _)| partners.map(|one| covered(all, one, t.0, grid.window_ms()).count()))
        .map(|counts| counts.iter().sum::<usize>())
        .sum();
    prop_assert_eq!(found, expected as u64);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn blocks_minutes_and_quarters_count_the_same(
        all in events(3 * DAY_MS),
        offset in 0..15_i64,
        minutes in prop::sample::select(vec![1_i64, 7, 15, 60, 24 * 60]),
    ) {
        let (directory, store) = store_of(&all);
        store.seal().expect("sealed");
        drop(store);
        // The reopened store reads blocks. The second retention drops the slots of the first days.
        let day = Retention { slot_ms: DAY_MS, ..Retention::default() };
        for retention in [Retention::default(), day] {
            let store = Store::open(&Options { retention, ..Options::new(directory.path()) });
            let store = store.expect("opens again");
            store.retain().expect("retained");
            let (start, end) = (TimestampMs(offset * MINUTE_MS), TimestampMs(3 * DAY_MS));
            let step = minutes.max(15) * MINUTE_MS;
            for window in [minutes, 2 * minutes, 3 * 24 * 60] {
                let grid = Grid::range((start, end), step, window * MINUTE_MS, SlotWidth::DEFAULT).expect("valid");
                check(&store, &all, &grid)?;
            }
        }
    }
}
