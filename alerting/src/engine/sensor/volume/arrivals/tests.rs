use proptest::prelude::*;

use super::*;

/// Some quarter, in minutes since 1970.
const BASE: i64 = 20_514 * 1_440;

proptest! {
    #[test]
    fn quarters_hold_what_their_minutes_hold_in_any_order(
        mut items in proptest::collection::vec((0_i64..190, 0_u32..400), 1..80),
        turn in 0_usize..1_000
    ) {
        let turned = turn % items.len();
        let build = |items: &[(i64, u32)]| {
            let mut arrivals = Arrivals::default();
            arrivals.reach(BASE + 194);
            items.iter().for_each(|(minute, count)| arrivals.add(BASE + minute, *count));
            for quarter in 0..13 {
                arrivals.expect(BASE / QUARTER_MIN + quarter, Some(2.0));
            }
            arrivals
        };
        let one = build(&items);
        items.rotate_left(turned);
        items.reverse();
        let two = build(&items);
        for minute in 0..195 {
            prop_assert_eq!(one.get(BASE + minute), two.get(BASE + minute));
        }
        let (newest, hours) = (one.newest(BASE + 194, 0, 195), one.hours_before(BASE + 194));
        let (newest, hours) = (newest.unwrap(), hours.unwrap());
        let total: u32 = items.iter().map(|(_, count)| count).sum();
        prop_assert_eq!((newest.count, newest.known), (hours.count, hours.known));
        prop_assert_eq!(newest.count, f64::from(total));
        prop_assert!((newest.expected - 2.0 * f64::from(newest.known)).abs() < 1.0);
    }
}

#[test]
fn a_report_covers_the_minutes_since_the_report_before_it() {
    let mut arrivals = Arrivals::default();
    [0, 5, 20].into_iter().for_each(|minute| arrivals.add(BASE + minute, 3));
    let known = |minute| arrivals.get(BASE + minute);
    assert_eq!((known(0), known(3), known(5)), (Some(3), Some(0), Some(3)));
    assert_eq!((known(6), known(19), known(20)), (None, None, Some(3)));
}
