use super::*;

const NOON: usize = 48;

fn at(quarter: usize) -> LocalQuarter {
    LocalQuarter { kind: DayKind::WorkDay, near: None, quarter, put_forward: 0 }
}

/// Days with a longest silence in each quarter.
fn profile(days: usize, silence_min: impl Fn(usize, usize) -> f64) -> Profile {
    let mut profile = Profile::default();
    for day in 0..days {
        (0..QUARTERS).for_each(|quarter| profile.learn(at(quarter), silence_min(day, quarter)));
    }
    profile
}

/// Silences of random arrivals, a mean of `mean_min` apart.
fn random(mean_min: f64) -> impl Fn(usize, usize) -> f64 {
    move |day, quarter| {
        let fraction = ((day * QUARTERS + quarter) as f64 * 0.618_033_988_75).fract();
        -mean_min * (1.0 - fraction).ln()
    }
}

#[test]
fn nothing_is_usual_before_a_day_is_known() {
    assert_eq!(usual_silence_min(&Profile::default(), at(NOON)), None);
    let weekend = LocalQuarter { kind: DayKind::Weekend, ..at(NOON) };
    assert_eq!(usual_silence_min(&profile(5, |_, _| 1.0), weekend), None);
}

#[test]
fn regular_silences_are_usual_as_long_as_they_are() {
    for days in [1, 2, 5] {
        let usual = usual_silence_min(&profile(days, |_, _| 3.0), at(NOON)).unwrap();
        assert!((usual - 3.0).abs() < 0.1, "{days}: {usual}");
    }
    // A night of nine hours, from ten to seven.
    let night = |_, quarter| if quarter < 28 { (quarter + 9) as f64 * 15.0 } else { 1.0 };
    let usual = |quarter| usual_silence_min(&profile(5, night), at(quarter)).unwrap();
    assert!((200.0..1_500.0).contains(&usual(8)), "{}", usual(8));
    assert!(usual(32) < 2.0, "{}", usual(32));
}

#[test]
fn random_silences_are_usual_far_beyond_their_mean() {
    for mean_min in [5.0, 20.0, 60.0] {
        let usual = usual_silence_min(&profile(5, random(mean_min)), at(NOON)).unwrap();
        assert!((4.0..12.0).contains(&(usual / mean_min)), "{mean_min}: {usual}");
    }
}

#[test]
fn a_day_with_a_fault_does_not_count() {
    let fault = |day, _| if day == 2 { 200.0 } else { 2.0 };
    let mut profile = profile(5, fault);
    // Today, until now.
    (0..NOON).for_each(|quarter| profile.learn(at(quarter), 2.0));
    let usual = usual_silence_min(&profile, at(NOON)).unwrap();
    assert!(usual < 2.1, "{usual}");
}

#[test]
fn after_a_change_of_the_clocks_the_quarter_before_it_counts_too() {
    let opens = |_, quarter| if quarter < 28 { 400.0 } else { 1.0 };
    let late = LocalQuarter { put_forward: 4, ..at(31) };
    let usual = |at| usual_silence_min(&profile(5, opens), at).unwrap();
    assert!(usual(late) > 100.0, "{}", usual(late));
    assert!(usual(at(31)) < 2.0, "{}", usual(at(31)));
}
