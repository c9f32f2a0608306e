use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn what_is_packed_comes_out_again(
        durations_s in proptest::collection::vec(0.0_f64..1e9, 0..200), scale in -4_i8..=5
    ) {
        let mut histogram = Histogram::default();
        durations_s.iter().for_each(|seconds| histogram.record(*seconds));
        histogram.lower_scale(scale);
        prop_assert_eq!(PackedHistogram::new(&histogram).unpack(), histogram);
    }
}
