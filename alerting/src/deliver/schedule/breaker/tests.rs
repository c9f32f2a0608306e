use super::*;

#[test]
fn it_opens_after_failures_in_a_row_and_sends_one_probe_at_a_time() {
    let (mut breaker, now) = (Breaker::default(), TimestampMs(1_000_000));
    for _ in 1..BREAKER_FAILURES {
        breaker.failed(now);
        assert_eq!(breaker.free_at(7, now), Some(now));
    }
    breaker.failed(now);
    assert!(breaker.is_open());
    assert_eq!(breaker.free_at(0, now), Some(now.plus_ms(BREAKER_WAIT_MS)));
    assert_eq!(breaker.free_at(1, now), None, "one probe at a time");
    breaker.failed(now);
    assert_eq!(breaker.free_at(0, now), Some(now.plus_ms(2 * BREAKER_WAIT_MS)));
    for _ in 0..100 {
        breaker.failed(now);
    }
    assert_eq!(breaker.free_at(0, now), Some(now.plus_ms(BREAKER_WAIT_MS_MAX)));
    assert_eq!(breaker.down_since(), Some(now));
    breaker.answered();
    assert_eq!((breaker.is_open(), breaker.down_since()), (false, None));
}

#[test]
fn a_clock_that_is_set_back_does_not_delay_the_probe() {
    let mut breaker = Breaker::default();
    let failed = TimestampMs(10_000_000);
    (0..BREAKER_FAILURES).for_each(|_| breaker.failed(failed));
    assert_eq!(breaker.free_at(0, failed), Some(failed.plus_ms(BREAKER_WAIT_MS)));
    let back = failed.plus_ms(-600_000);
    assert_eq!(breaker.free_at(0, back), Some(back));
    breaker.failed(back);
    assert_eq!(breaker.free_at(0, back), Some(back.plus_ms(2 * BREAKER_WAIT_MS)));
    assert_eq!(breaker.down_since(), Some(back));
}
