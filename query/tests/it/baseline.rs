//! Baselines compared with brute force over the weeks.

use plimsoll_query::{
    BaselinePoint, ClassRatio, ERRORS, ExcludedPeriod, ExpectedValue, Grid, Measure, PastWeeks,
    Selector, WEEK_MS, baseline, utc_weeks,
};
use plimsoll_storage::{Label, Outcome, SlotWidth, Store, TimestampMs};
use proptest::prelude::*;

use crate::common::{Event, covered, events, partner_of, store_of};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const WEEKS: i64 = 4;

fn ask(
    store: &Store,
    grid: &Grid,
    measure: Measure,
    excluded: Vec<ExcludedPeriod>,
) -> Vec<BaselinePoint> {
    let past = PastWeeks { measure, weeks_ms: utc_weeks(WEEKS as u32), excluded };
    let mut selector = Selector::activity("requests");
    selector.labels = plimsoll_storage::LabelMatchers::any_of(Label::Partner, ["dhl"]);
    let found = baseline(store, &selector, &[], grid, &past).expect("answered");
    assert!(found.len() <= 1, "{found:?}");
    found.into_iter().flat_map(|series| series.points).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn the_expected_value_is_that_of_the_weeks_with_a_value(
        weeks in prop::collection::vec(events(2 * HOUR_MS), 5),
        minute in 0..120_i64,
        window in 1..60_i64,
    ) {
        let all: Vec<Event> = (0_i64..)
            .zip(weeks)
            .flat_map(|(week, events)| {
                events.into_iter().map(move |event| Event { at: event.at + week * WEEK_MS, ..event })
            })
            .collect();
        let (_directory, store) = store_of(&all);
        let (start, end) = (WEEKS * WEEK_MS + minute * MINUTE_MS, WEEKS * WEEK_MS + 3 * HOUR_MS);
        let window = window * MINUTE_MS;
        let grid = Grid::range((TimestampMs(start), TimestampMs(end)), 20 * MINUTE_MS, window, SlotWidth::DEFAULT).expect("valid");
        let past = |measure| PastWeeks { measure, weeks_ms: utc_weeks(WEEKS as u32), excluded: vec![] };
        let by = &[Label::Partner];
        let selector = Selector::activity("requests");
        let errors = |partner: &str, t| {
            let found: Vec<&Event> = covered(&all, partner, t, window).collect();
            let bad = found.iter().filter(|event| ERRORS.contains(&event.outcome)).count();
            (!found.is_empty()).then(|| bad as f64 / found.len() as f64)
        };
        for series in baseline(&store, &selector, by, &grid, &past(Measure::Count)).expect("answered") {
            for point in &series.points {
                let partner = partner_of(&series);
                let count = |t| {
                    let alive = covered(&all, partner, t, DAY_MS).next().is_some();
                    alive.then(|| covered(&all, partner, t, window).count() as f64)
                };
                let weeks = (1..=WEEKS).filter_map(|week| count(point.t.0 - week * WEEK_MS));
                let samples: Vec<f64> = weeks.collect();
                prop_assert_eq!(point.expected, ExpectedValue::of(&samples));
                prop_assert_eq!(point.value, count(point.t.0));
            }
        }
        let ratio = Measure::Ratio(ClassRatio::of_all(&ERRORS));
        for series in baseline(&store, &selector, by, &grid, &past(ratio)).expect("answered") {
            for point in &series.points {
                let partner = partner_of(&series);
                let weeks = (1..=WEEKS).filter_map(|week| errors(partner, point.t.0 - week * WEEK_MS));
                let samples: Vec<f64> = weeks.collect();
                prop_assert_eq!(point.expected, ExpectedValue::of(&samples));
                prop_assert_eq!(point.value, errors(partner, point.t.0));
            }
        }
    }
}

/// `counts[k]` calls to dhl at noon, `k` weeks ago. Today is in the sixth week.
fn noons(counts: &[u64]) -> (Vec<Event>, TimestampMs) {
    let noon = 6 * WEEK_MS + 12 * HOUR_MS;
    let of_week = |(week, count): (i64, &u64)| {
        (0..*count).map(move |_| Event {
            outcome: Outcome::Success,
            seconds: 0.1 * (week + 1) as f64,
            ..Event::new(noon - week * WEEK_MS - 2 * MINUTE_MS)
        })
    };
    (
        counts
            .iter()
            .enumerate()
            .map(|(week, count)| (week as i64, count))
            .flat_map(of_week)
            .collect(),
        TimestampMs(noon),
    )
}

fn period(labels: &[(Label, &str)], noon: TimestampMs, week: i64) -> ExcludedPeriod {
    let labels = labels.iter().map(|(label, value)| (*label, (*value).to_owned())).collect();
    let at = noon.plus_ms(-week * WEEK_MS);
    ExcludedPeriod { labels, during: at.plus_ms(-3 * MINUTE_MS)..at }
}

#[test]
fn weeks_with_an_excluded_period_are_left_out() {
    let (calls, noon) = noons(&[20, 100, 104, 0, 96]);
    let (_directory, store) = store_of(&calls);
    let grid = Grid::at(noon, 5 * MINUTE_MS, SlotWidth::DEFAULT).expect("valid");
    let expected =
        |measure, excluded| ask(&store, &grid, measure, excluded)[0].expected.expect("a value");
    let calm = expected(Measure::Count, vec![]);
    // In the third week nothing was reported: that week has no value.
    assert_eq!((calm.weeks, calm.median), (3, 100.0));
    let dhl = [(Label::Partner, "dhl"), (Label::Site, "ams1")];
    let skipped = expected(Measure::Count, vec![period(&dhl, noon, 2)]);
    assert_eq!((skipped.weeks, skipped.median), (2, 98.0));
    let other = expected(Measure::Count, vec![period(&[(Label::Partner, "ups")], noon, 2)]);
    assert_eq!(other, calm);
    let earlier = ExcludedPeriod {
        during: TimestampMs(0)..noon.plus_ms(-4 * WEEK_MS - 5 * MINUTE_MS),
        ..period(&dhl, noon, 4)
    };
    assert_eq!(expected(Measure::Count, vec![earlier]), calm, "it ended before the window began");
    let p95 = expected(Measure::Quantile(0.95), vec![]);
    assert_eq!(p95.weeks, 3);
    assert!((p95.median / 0.3 - 1.0).abs() < 0.011, "{p95:?}");
}

#[test]
fn an_empty_window_of_an_active_stream_counts_as_zero() {
    let (mut calls, noon) = noons(&[5, 5, 0, 5, 5]);
    // Two weeks ago the stream was active in the morning.
    calls.push(Event::new(noon.0 - 2 * WEEK_MS - 3 * HOUR_MS));
    let (_directory, store) = store_of(&calls);
    let grid = Grid::at(noon, 5 * MINUTE_MS, SlotWidth::DEFAULT).expect("valid");
    let point = &ask(&store, &grid, Measure::Count, vec![])[0];
    let expected = point.expected.expect("a value");
    assert_eq!(
        (point.value, expected.weeks, expected.median, expected.lower),
        (Some(5.0), 4, 5.0, 3.75)
    );
    let later =
        Grid::at(noon.plus_ms(3 * HOUR_MS), 5 * MINUTE_MS, SlotWidth::DEFAULT).expect("valid");
    assert_eq!(ask(&store, &later, Measure::Count, vec![])[0].value, Some(0.0), "an empty window");
    // A week without items has no share.
    let ratio = Measure::Ratio(ClassRatio::of_all(&ERRORS));
    assert_eq!(
        ask(&store, &grid, ratio, vec![])[0].expected.map(|expected| expected.weeks),
        Some(3)
    );
}
