use super::*;
use crate::testing::rule;

#[test]
fn a_rise_and_gaps_are_shown() {
    let values = [Some(0.002), Some(0.0), None, Some(0.07), Some(0.14), Some(0.125)];
    let trend = describe(&rule("r"), &values, 60_000);
    assert_eq!(trend.spark, "▁▁·▅█▇");
    assert_eq!(trend.text, "0.2% → 12.5% within 6m, highest 14%");
}

#[test]
fn without_data_the_trend_is_empty_and_a_constant_value_is_flat() {
    assert_eq!(describe(&rule("r"), &[None, None], 60_000), Trend::default());
    assert_eq!(describe(&rule("r"), &[Some(0.5), Some(0.5)], 60_000).spark, "██");
    assert_eq!(describe(&rule("r"), &[Some(0.0), Some(0.0)], 60_000).spark, "▁▁");
}
