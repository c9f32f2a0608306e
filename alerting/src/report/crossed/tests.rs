use super::*;

#[test]
fn a_threshold_that_normal_hours_cross_is_too_tight() {
    let hours = |bad: usize| (0..100).map(|hour| if hour < bad { 0.08 } else { 0.01 }).collect();
    assert_eq!(crossed(hours(8), 0.05, false), None);
    assert_eq!(crossed(hours(30), 0.05, false), Some((30, 100, 0.08)));
    assert_eq!(crossed(hours(30), 0.05, true), Some((70, 100, 0.01)));
    assert_eq!(crossed(vec![9.0; 20], 0.05, false), None, "too few hours");
}
