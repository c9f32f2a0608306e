//! Counts, quantiles, shares and ratios of windows at every alignment.

use std::collections::BTreeSet;
use std::ops::Range;

use plimsoll_query::{
    ClassRatio, Confidence, Grid, LatencyMeasures, Rank, apdex, latency, outcomes, share_under, top,
};
use plimsoll_storage::{Histogram, Outcome, SlotWidth, Store, TimestampMs, quantile_rank};
use proptest::prelude::*;

use crate::common::{
    Event, SLOT_MS, by_partner, covered, events, is_covered, partner_of, store_of,
};

const SPAN_MS: i64 = 1_800_000;
const END_MS: i64 = 1_900_000;

/// Times: multiples of a slot, a minute or a quarter of an hour, or any number of ms.
fn times(range: Range<i64>) -> impl Strategy<Value = i64> {
    multiples(range, vec![1, SLOT_MS, 60_000, 900_000])
}

/// Lengths: multiples of a slot, a minute or a quarter of an hour.
fn lengths(range: Range<i64>) -> impl Strategy<Value = i64> {
    multiples(range, vec![SLOT_MS, 60_000, 900_000])
}

fn multiples(range: Range<i64>, units: Vec<i64>) -> impl Strategy<Value = i64> {
    (range, prop::sample::select(units)).prop_map(|(ms, unit)| (ms / unit * unit).max(unit))
}

/// The end of the slot that a time lies in.
fn rounded_up(t: i64) -> i64 {
    (t + SLOT_MS - 1) / SLOT_MS * SLOT_MS
}

fn histogram(seconds: &[f64]) -> Histogram {
    let mut histogram = Histogram::default();
    seconds.iter().for_each(|seconds| histogram.record(*seconds));
    histogram
}

fn grid((start, end): (i64, i64), step: i64, window: i64) -> Grid {
    let times = (TimestampMs(start), TimestampMs(end));
    Grid::range(times, step, window, SlotWidth::DEFAULT).expect("valid")
}

/// From when to when a grid counts.
fn covers(grid: &Grid) -> Range<i64> {
    let slots = grid.covers(SlotWidth::DEFAULT);
    SlotWidth::DEFAULT.start(slots.start).0..SlotWidth::DEFAULT.start(slots.end).0
}

/// How many events all points of a grid count.
fn counted(store: &Store, grid: &Grid) -> u64 {
    let series = outcomes(store, by_partner(store), grid).expect("answered");
    series.iter().flat_map(|one| &one.points).map(|point| point.counts.total()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn counts_and_quantiles_equal_brute_force_at_every_alignment(
        events in events(SPAN_MS),
        start in times(0..900_000),
        step in lengths(1_000..300_000),
        window in lengths(1_000..950_000),
    ) {
        let (_directory, store) = store_of(&events);
        let grid = grid((start, END_MS), step, window);
        let counted = outcomes(&store, by_partner(&store), &grid).expect("answered");
        let quantiles = LatencyMeasures::quantiles(&[0.5, 0.95]);
        let timed = latency(&store, by_partner(&store), &grid, &quantiles).expect("answered");
        let mut points = 0;
        for (series, timed) in counted.iter().zip(&timed) {
            for (point, timed) in series.points.iter().zip(&timed.points) {
                let mine: Vec<&Event> = covered(&events, partner_of(series), point.t.0, window).collect();
                for class in Outcome::ALL {
                    let exact = mine.iter().filter(|event| event.outcome == class).count() as u64;
                    prop_assert_eq!(point.counts.get(class), exact, "{:?} at {}", class, point.t.0);
                }
                prop_assert_eq!((timed.t, timed.count), (point.t, mine.len() as u64));
                let mut seconds: Vec<f64> = mine.iter().map(|event| event.seconds).collect();
                seconds.sort_by(f64::total_cmp);
                for (q, quantile) in &timed.quantiles {
                    let exact = seconds[quantile_rank(*q, seconds.len() as u64) as usize - 1];
                    prop_assert!(quantile.lower_s <= exact && exact <= quantile.upper_s);
                }
                points += 1;
            }
        }
        // No window with events is left out.
        let grid_points = (0..).map(|n| rounded_up(start) + n * step).take_while(|t| *t <= END_MS);
        let partners = |t| {
            let mine = events.iter().filter(move |event| is_covered(event, t, window));
            mine.map(|event| event.partner)
        };
        let expected: usize = grid_points.map(|t| partners(t).collect::<BTreeSet<_>>().len()).sum();
        prop_assert_eq!(points, expected);
    }

    #[test]
    fn bounds_of_shares_contain_the_exact_share(
        events in events(SPAN_MS),
        t in times(0..END_MS),
        window in lengths(1_000..950_000),
        under_ms in 1_i64..10_000,
    ) {
        let (_directory, store) = store_of(&events);
        let grid = grid((t, t), SLOT_MS, window);
        let measures = LatencyMeasures {
            quantiles: vec![],
            under_ms: vec![under_ms],
            apdex_ms: Some(under_ms),
        };
        for series in latency(&store, by_partner(&store), &grid, &measures).expect("answered") {
            let mine: Vec<f64> = covered(&events, partner_of(&series), rounded_up(t), window)
                .map(|event| event.seconds)
                .collect();
            let point = &series.points[0];
            let up_to = |ms: i64| {
                let count = mine.iter().filter(|seconds| **seconds * 1e3 <= ms as f64).count();
                count as f64 / mine.len() as f64
            };
            let (ms, share) = point.under[0];
            prop_assert_eq!(ms, under_ms);
            prop_assert!(share.lower <= up_to(ms) && up_to(ms) <= share.upper, "{share:?}");
            let score = point.apdex.expect("asked for");
            let exact = (up_to(ms) + up_to(4 * ms)) / 2.0;
            prop_assert!(score.lower <= exact + 1e-12 && exact - 1e-12 <= score.upper, "{score:?}");
            // The sum of a window gives the same as a histogram of its durations.
            prop_assert_eq!(Some(share), share_under(&histogram(&mine), ms as f64 / 1e3));
            prop_assert_eq!(Some(score), apdex(&histogram(&mine), ms as f64 / 1e3));
        }
    }

    #[test]
    fn ratios_equal_brute_force_and_lie_within_their_bounds(
        events in events(SPAN_MS),
        t in times(0..END_MS),
        window in lengths(1_000..950_000),
        sets in (1_usize..16, 1_usize..16),
    ) {
        const CLASSES: [Outcome; 4] =
            [Outcome::Status2xx, Outcome::Status4xx, Outcome::Status5xx, Outcome::Timeout];
        let set = |bits: usize| -> BTreeSet<Outcome> {
            (0..4).filter(|bit| bits & (1 << bit) != 0).map(|bit| CLASSES[bit]).collect()
        };
        let (of, to) = (set(sets.0), set(sets.1));
        let Some(ratio) = ClassRatio::new(&of, &to) else {
            let common = of.intersection(&to).count();
            prop_assert!(0 < common && common < of.len());
            return Ok(());
        };
        let (_directory, store) = store_of(&events);
        let grid = grid((t, t), SLOT_MS, window);
        for series in outcomes(&store, by_partner(&store), &grid).expect("answered") {
            let mine: Vec<&Event> = covered(&events, partner_of(&series), rounded_up(t), window).collect();
            let count = |set: &BTreeSet<Outcome>| {
                mine.iter().filter(|event| set.contains(&event.outcome)).count() as u64
            };
            let found = ratio.measure(&series.points[0].counts, Confidence::DEFAULT);
            prop_assert_eq!((found.of, found.to), (count(&of), count(&to)));
            let exact = count(&of) as f64 / count(&to) as f64;
            match found.ratio {
                None => prop_assert!(exact.is_nan()),
                Some(bounds) => prop_assert!(
                    bounds.value == exact && bounds.lower <= exact && exact <= bounds.upper,
                    "{bounds:?} {exact}"
                ),
            }
        }
    }

    #[test]
    fn the_top_groups_equal_brute_force(
        events in events(SPAN_MS),
        start in times(0..900_000),
        window in lengths(10_000..950_000),
        count in 1_usize..4,
    ) {
        let (_directory, store) = store_of(&events);
        let grid = grid((start, END_MS), 70_000, window);
        let Range { start: from, end: to } = covers(&grid);
        let mut counts: Vec<(usize, &str)> = crate::common::PARTNERS
            .iter()
            .map(|partner| (covered(&events, partner, to, to - from).count(), *partner))
            .filter(|(count, _)| *count > 0)
            .collect();
        // The highest first; equal counts in the order of their labels.
        counts.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let expected: Vec<&str> = counts.iter().take(count).map(|(_, partner)| *partner).collect();
        let found = top(&store, by_partner(&store), &grid, Rank::Count, count).expect("answered");
        let found: Vec<&str> = found.iter().map(|group| group.labels[0].1.as_str()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn each_event_is_in_one_window_when_the_step_is_as_long(
        events in events(SPAN_MS),
        start in times(0..900_000),
        length in times(0..1_000_000),
        step in lengths(1_000..300_000),
        window in lengths(1_000..300_000),
    ) {
        let (_directory, store) = store_of(&events);
        let within = |range: &Range<i64>| events.iter().filter(|it| range.contains(&it.at)).count() as u64;
        let end = start + length;
        let touching = grid((start, end), step, step);
        let covered = covers(&touching);
        prop_assert_eq!(counted(&store, &touching), within(&covered));
        prop_assert_eq!(covered.start, (rounded_up(start) - step).max(0));
        prop_assert!(covered.end <= rounded_up(end) && rounded_up(end) < covered.end + step);
        let is_aligned = start % SLOT_MS == 0 && end % SLOT_MS == 0;
        prop_assert_eq!(touching.is_rounded(), !is_aligned);
        // What lies between windows is said.
        let apart = grid((start, end), step, window);
        if apart.gap_ms() > 0 {
            let points = (0..apart.count() as i64).map(|n| rounded_up(start) + n * step);
            let exact: u64 = points.map(|t| within(&(t - window..t))).sum();
            prop_assert_eq!(counted(&store, &apart), exact);
            prop_assert_eq!(apart.gap_ms(), step - window);
        }
        // A single window holds all that it is asked for.
        let span = Grid::span((TimestampMs(start), TimestampMs(end)), SlotWidth::DEFAULT).expect("valid");
        let covered = covers(&span);
        prop_assert!(covered.start <= start && end <= covered.end);
        prop_assert!(start - covered.start < SLOT_MS && covered.end - end <= SLOT_MS);
        prop_assert_eq!(counted(&store, &span), within(&covered));
    }
}
