use super::*;

fn at(kind: DayKind, quarter: usize) -> LocalQuarter {
    LocalQuarter { kind, near: None, quarter, put_forward: 0 }
}

fn assert_near(found: Option<f64>, expected: f64) {
    let found = found.unwrap();
    assert!((found - expected).abs() < expected * 1e-3, "{found} for {expected}");
}

#[test]
fn the_median_of_days_is_expected_and_one_odd_day_does_not_move_it() {
    let mut profile = Profile::default();
    assert_eq!(profile.expected(at(DayKind::WorkDay, 40)), None);
    for rate in [10.0, 11.0, 0.0, 12.0, 10.5] {
        for quarter in 39..42 {
            profile.learn(at(DayKind::WorkDay, quarter), rate);
        }
    }
    assert_near(profile.expected(at(DayKind::WorkDay, 40)), 10.5);
    assert_near(profile.expected(at(DayKind::Holiday, 40)), 10.5);
    assert_eq!(profile.expected(at(DayKind::Weekend, 40)), None);
}

#[test]
fn the_lowest_neighbour_is_expected() {
    let mut profile = Profile::default();
    profile.learn(at(DayKind::Weekend, 95), 9.0);
    profile.learn(at(DayKind::Weekend, 0), 5.0);
    profile.learn(at(DayKind::Weekend, 1), 7.0);
    assert_near(profile.expected(at(DayKind::Weekend, 95)), 5.0);
    assert_near(profile.expected(at(DayKind::Weekend, 1)), 5.0);
    let moved = LocalQuarter { put_forward: 2, ..at(DayKind::Weekend, 1) };
    assert_near(profile.expected(moved), 5.0);
}

#[test]
fn near_a_day_of_another_kind_the_lower_of_both_is_expected() {
    let mut profile = Profile::default();
    (0..3).for_each(|quarter| profile.learn(at(DayKind::WorkDay, quarter), 9.0));
    let monday = LocalQuarter { near: Some(DayKind::Weekend), ..at(DayKind::WorkDay, 1) };
    assert_near(profile.expected(monday), 9.0);
    (0..3).for_each(|quarter| profile.learn(at(DayKind::Weekend, quarter), 4.0));
    assert_near(profile.expected(monday), 4.0);
    assert_near(profile.expected(at(DayKind::WorkDay, 1)), 9.0);
}
