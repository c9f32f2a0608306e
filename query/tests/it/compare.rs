//! Two answers side by side equal each answer alone.

use plimsoll_query::{
    Grid, OutcomePoint, Selector, Series, amplification, filter_by_label, outcomes, pair,
};
use plimsoll_storage::{Label, SlotWidth, Store, TimestampMs};
use proptest::prelude::*;

use crate::common::{
    Event, RELEASES, by_partner, covered, events, partner_of, store_of, whole_slots,
};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn counts(store: &Store, grid: &Grid) -> Vec<Series<OutcomePoint>> {
    outcomes(store, by_partner(store), grid).expect("answered")
}

fn total(point: Option<&OutcomePoint>) -> u64 {
    point.map_or(0, |point| point.counts.total())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    #[test]
    fn a_point_is_paired_with_the_one_a_day_earlier(
        yesterday in events(HOUR_MS),
        today in events(HOUR_MS),
        step in whole_slots(10_000..900_000),
        window in whole_slots(10_000..900_000),
    ) {
        let today = today.into_iter().map(|event| Event { at: event.at + DAY_MS, ..event });
        let all: Vec<Event> = yesterday.into_iter().chain(today).collect();
        let (_directory, store) = store_of(&all);
        let (start, end) = (TimestampMs(DAY_MS), TimestampMs(DAY_MS + HOUR_MS));
        let grid = Grid::range((start, end), step, window, SlotWidth::DEFAULT).expect("valid");
        let (now, then) = (counts(&store, &grid), counts(&store, &grid.earlier(DAY_MS)));
        let mut seen = [0, 0];
        for series in pair(now, then, DAY_MS, |point| point.t) {
            for at in &series.points {
                let exact = |t| covered(&all, partner_of(&series), t, window).count() as u64;
                let found = [total(at.a.as_ref()), total(at.b.as_ref())];
                prop_assert_eq!(found, [exact(at.t.0), exact(at.t.0 - DAY_MS)]);
                prop_assert_eq!(at.b.as_ref().map(|b| b.t.0 + DAY_MS), at.b.as_ref().map(|_| at.t.0));
                seen = [seen[0] + found[0], seen[1] + found[1]];
            }
        }
        // No point of either answer is lost.
        let sum = |grid: &Grid| -> u64 {
            let series = counts(&store, grid);
            series.iter().flat_map(|series| &series.points).map(|point| total(Some(point))).sum()
        };
        prop_assert_eq!(seen, [sum(&grid), sum(&grid.earlier(DAY_MS))]);
    }

    #[test]
    fn releases_split_the_events_of_a_partner(events in events(HOUR_MS), t in whole_slots(0..2 * HOUR_MS)) {
        let (_directory, store) = store_of(&events);
        let grid = Grid::at(TimestampMs(t), HOUR_MS, SlotWidth::DEFAULT).expect("valid");
        let all = by_partner(&store);
        let of = |release| {
            outcomes(&store, filter_by_label(&store, &all, Label::Release, release), &grid)
        };
        let [a, b] = RELEASES.map(|release| of(release).expect("answered"));
        for series in pair(a, b, 0, |point| point.t) {
            let at = &series.points[0];
            let exact = |release| {
                let mine = covered(&events, partner_of(&series), t, HOUR_MS);
                mine.filter(|event| event.release == release).count() as u64
            };
            prop_assert_eq!([total(at.a.as_ref()), total(at.b.as_ref())], [exact(0), exact(1)]);
        }
    }

    #[test]
    fn attempts_are_compared_with_requests(
        requests in events(HOUR_MS), attempts in events(HOUR_MS), t in whole_slots(0..2 * HOUR_MS),
    ) {
        let attempts = attempts.into_iter().map(|event| Event { stream: "attempts", ..event });
        let all: Vec<Event> = requests.into_iter().chain(attempts).collect();
        let (_directory, store) = store_of(&all);
        let grid = Grid::at(TimestampMs(t), HOUR_MS, SlotWidth::DEFAULT).expect("valid");
        let [tried, asked] = ["attempts", "requests"].map(Selector::activity);
        let found = amplification(&store, &tried, &asked, &[Label::Partner], &grid).expect("answered");
        for series in &found {
            let exact = |stream| {
                let mine = covered(&all, partner_of(series), t, HOUR_MS);
                mine.filter(|event| event.stream == stream).count() as u64
            };
            let point = &series.points[0];
            let (attempts, requests) = (exact("attempts"), exact("requests"));
            prop_assert_eq!((point.attempts, point.requests), (attempts, requests));
            let ratio = (requests > 0).then(|| attempts as f64 / requests as f64);
            prop_assert_eq!(point.ratio(), ratio);
        }
        let partners = crate::common::PARTNERS.iter();
        let alive = partners.filter(|partner| covered(&all, partner, t, HOUR_MS).next().is_some());
        prop_assert_eq!(found.len(), alive.count());
    }
}
