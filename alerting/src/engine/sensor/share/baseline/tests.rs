use super::*;

#[test]
fn the_usual_is_the_median_hour_and_an_incident_does_not_move_it() {
    let mut usual = Baseline::new(168);
    for hour in 0..40 {
        assert_eq!(usual.get().is_some(), hour >= 8, "{hour}");
        let bad = if (20..24).contains(&hour) { 900 } else { 30 };
        usual.add_share(hour, bad, 1_000);
    }
    assert!((usual.get().unwrap() - 0.03).abs() < 3e-5);
}

#[test]
fn quiet_hours_are_added_up_until_they_mean_something() {
    let mut usual = Baseline::new(168);
    for hour in 0..100 {
        usual.add_share(hour, u64::from(hour % 10 == 0), 2);
    }
    assert!((usual.get().unwrap() - 0.05).abs() < 3e-5);
}

#[test]
fn a_week_later_only_the_last_week_counts() {
    let mut usual = Baseline::new(24);
    (0..50).for_each(|hour| usual.add_share(hour, 100, 1_000));
    (50..80).for_each(|hour| usual.add_share(hour, 0, 1_000));
    assert_eq!(usual.get(), Some(0.0));
}

#[test]
fn durations_give_their_quantile() {
    let mut usual = Baseline::new(168);
    let mut durations = Histogram::default();
    (1..=100).for_each(|n| durations.record(f64::from(n) / 100.0));
    (0..10).for_each(|hour| usual.add_durations(hour, &durations, 0.95));
    assert!((usual.get().unwrap() - 0.95).abs() < 0.1);
}
