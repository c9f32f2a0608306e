use proptest::prelude::*;

use super::*;

#[test]
fn borders_belong_to_the_bucket_below() {
    assert_eq!(bucket_of(1.0), -1);
    assert_eq!(bucket_of(1.000_000_1), 0);
    assert_eq!(bucket_of(2.0), 31);
    assert_eq!(bucket_of(0.5), -33);
    for index in -1280..960 {
        let upper = bucket_upper_s(SCALE_MAX, index);
        assert_eq!(bucket_of(upper), index);
        assert_eq!(bucket_of(upper.next_up()).max(index), (index + 1).min(INDEX_MAX));
    }
}

proptest! {
    #[test]
    fn a_value_lies_in_its_bucket_and_the_middle_within_1_1_percent(value in 1e-11..1e9_f64) {
        let index = bucket_of(value);
        let (lower, upper) = (bucket_lower_s(5, index), bucket_upper_s(5, index));
        prop_assert!(lower < value && value <= upper);
        let middle = (lower * upper).sqrt();
        prop_assert!((middle / value - 1.0).abs() < 0.011);
    }
}
