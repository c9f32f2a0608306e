use super::*;

#[test]
fn one_unusual_week_of_four_hardly_changes_median_and_spread() {
    let calm = ExpectedValue::of(&[100.0, 104.0, 96.0, 102.0]).expect("some");
    assert_eq!((calm.weeks, calm.median, calm.lower, calm.upper), (4, 101.0, 99.0, 102.5));
    assert_eq!(calm.mad, 2.0);
    let odd = ExpectedValue::of(&[100.0, 104.0, 0.0, 102.0]).expect("some");
    assert_eq!((odd.median, odd.lower, odd.mad), (101.0, 75.0, 2.0));
    assert_eq!(ExpectedValue::of(&[]), None);
    assert_eq!(
        ExpectedValue::of(&[7.0]).map(|one| (one.lower, one.upper, one.mad)),
        Some((7.0, 7.0, 0.0))
    );
}
