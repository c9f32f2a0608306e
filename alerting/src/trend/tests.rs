use super::*;
use crate::testing::rule;

#[test]
fn a_rise_is_seen_and_gaps_are_shown_as_such() {
    let values = [Some(0.002), Some(0.0), None, Some(0.07), Some(0.14), Some(0.125)];
    let trend = told(&rule("r"), &values, 60_000);
    assert_eq!(trend.spark, "▁▁·▅█▇");
    assert_eq!(trend.words, "0.2% → 12.5% within 6m, highest 14%");
}

#[test]
fn nothing_known_is_nothing_told_and_a_level_is_flat() {
    assert_eq!(told(&rule("r"), &[None, None], 60_000), Trend::default());
    assert_eq!(told(&rule("r"), &[Some(0.5), Some(0.5)], 60_000).spark, "██");
    assert_eq!(told(&rule("r"), &[Some(0.0), Some(0.0)], 60_000).spark, "▁▁");
}
