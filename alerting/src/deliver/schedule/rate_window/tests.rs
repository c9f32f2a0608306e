use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn no_span_holds_more_calls_than_the_rate(
        steps in proptest::collection::vec(0_i64..400, 1..400),
        calls in 1_u32..8,
    ) {
        let mut window = RateWindow::new(RateLimit { calls, per_ms: 1_000 });
        let (mut now, mut taken) = (TimestampMs(0), Vec::new());
        for step in steps {
            now = now.plus_ms(step);
            if window.take(now) {
                taken.push(now);
            } else {
                prop_assert!(window.free_at(now) > now);
            }
        }
        for (position, first) in taken.iter().enumerate() {
            let within = taken[position..].iter().filter(|at| at.since_ms(*first) < 1_000);
            prop_assert!(within.count() <= calls as usize);
        }
    }
}

#[test]
fn a_clock_set_back_does_not_stop_the_calls() {
    let mut window = RateWindow::new(RateLimit { calls: 1, per_ms: 1_000 });
    assert!(window.take(TimestampMs(1_000_000)));
    assert!(!window.take(TimestampMs(1_000_500)));
    assert!(window.take(TimestampMs(5_000)));
}
