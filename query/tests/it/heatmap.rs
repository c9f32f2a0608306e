//! A heat map counts every duration once, in its bucket.

use plimsoll_query::{Error, Grid, Heatmap, heatmap, limits};
use plimsoll_storage::{SlotWidth, TimestampMs};
use proptest::prelude::*;

use crate::common::{Event, by_partner, covered, events, partner_of, store_of, whole_slots};

const SPAN_MS: i64 = 1_800_000;

/// Whether each bucket begins where the one before ends. The bucket of zeros may end before the next begins.
fn is_contiguous(map: &Heatmap) -> bool {
    map.buckets.windows(2).all(|pair| pair[0].upper_s == 0.0 || pair[0].upper_s == pair[1].lower_s)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn buckets_count_the_durations_between_their_borders(
        events in events(SPAN_MS),
        step in whole_slots(10_000..900_000),
        window in whole_slots(10_000..900_000),
        buckets_max in limits::HEATMAP_BUCKETS_MIN..limits::HEATMAP_BUCKETS_MAX,
    ) {
        let (_directory, store) = store_of(&events);
        let grid = Grid::range((TimestampMs(0), TimestampMs(SPAN_MS)), step, window, SlotWidth::DEFAULT).expect("valid");
        let map = heatmap(&store, by_partner(&store), &grid, buckets_max).expect("answered");
        prop_assert!(map.buckets.len() <= buckets_max, "{}", map.buckets.len());
        prop_assert!(is_contiguous(&map), "{:?}", map.buckets);
        for series in &map.series {
            for point in &series.points {
                let mine: Vec<f64> = covered(&events, partner_of(series), point.t.0, window)
                    .map(|event| event.seconds)
                    .collect();
                prop_assert_eq!(point.counts.iter().sum::<u64>(), mine.len() as u64);
                prop_assert_eq!(point.counts.len(), map.buckets.len());
                for (bucket, count) in map.buckets.iter().zip(&point.counts) {
                    let is_in = |seconds: &&f64| match bucket.upper_s {
                        0.0 => **seconds == 0.0,
                        upper => bucket.lower_s < **seconds && **seconds <= upper,
                    };
                    prop_assert_eq!(*count, mine.iter().filter(is_in).count() as u64, "{:?}", bucket);
                }
            }
        }
    }
}

#[test]
fn durations_from_nanoseconds_to_years_fit_into_few_buckets() {
    let of = |seconds| Event { seconds, ..Event::new(5_000) };
    let all = [0.0, 1e-9, 1e-3, 1.0, 3_600.0, 86_400.0 * 366.0].map(of);
    let (_directory, store) = store_of(&all);
    let grid = Grid::at(TimestampMs(10_000), 10_000, SlotWidth::DEFAULT).expect("valid");
    let min = limits::HEATMAP_BUCKETS_MIN;
    let map = heatmap(&store, by_partner(&store), &grid, min).expect("answered");
    assert!(map.buckets.len() <= min, "{:?}", map.buckets);
    assert_eq!(map.series[0].points[0].counts.iter().sum::<u64>(), 6);
}

#[test]
fn a_heat_map_that_is_too_large_is_rejected() {
    let (_directory, store) = store_of(&[Event::new(5_000)]);
    let grid = Grid::range(
        (TimestampMs(0), TimestampMs(SPAN_MS * 10)),
        10_000,
        10_000,
        SlotWidth::DEFAULT,
    );
    let answer =
        heatmap(&store, vec![by_partner(&store).remove(0); 100], &grid.expect("valid"), 160);
    assert!(matches!(answer, Err(Error::TooManyNumbers { .. })), "{answer:?}");
}
