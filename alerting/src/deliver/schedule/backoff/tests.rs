use super::*;

#[test]
fn waits_grow_along_the_schedule_and_spread_below_it() {
    for (step, longest) in BACKOFF_MS.into_iter().enumerate() {
        let waits: Vec<i64> =
            (0..200).map(|n| wait_ms(&format!("id-{n}"), step as u32 + 1, None)).collect();
        let mean = waits.iter().sum::<i64>() as f64 / 200.0;
        assert!(waits.iter().all(|wait| (0..=longest).contains(wait)));
        assert!((0.4..0.6).contains(&(mean / longest as f64)), "{mean} of {longest}");
    }
    assert!(wait_ms("id", 1_000_000, None) <= 300_000);
}

#[test]
fn retry_after_is_honoured_up_to_its_limit() {
    assert_eq!(wait_ms("id", 1, Some(120_000)), 120_000);
    assert_eq!(wait_ms("id", 1, Some(i64::MAX)), RETRY_AFTER_MS_MAX);
    assert!(wait_ms("id", 1, Some(-5)) >= 0);
}
