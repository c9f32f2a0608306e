use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_quantile_is_within_a_bucket_of_the_fine_one_however_it_was_added(
        parts in proptest::collection::vec(
            (proptest::collection::vec(0.0_f64..50.0, 1..40), -1_i8..=5), 1..5),
        q in 0.01_f64..0.99
    ) {
        let mut all = Histogram::default();
        let (mut one, mut two) = (CoarseHistogram::default(), CoarseHistogram::default());
        let mut coarsest = 5;
        for (durations_s, scale) in parts {
            let mut part = Histogram::default();
            durations_s.iter().for_each(|seconds| part.record(*seconds));
            all.merge(&part);
            part.lower_scale(scale);
            coarsest = coarsest.min(scale);
            one.add(&part);
            let mut other = CoarseHistogram::default();
            other.add(&part);
            two.merge(&other);
        }
        let (fine, found) = (all.quantile(q).unwrap().value_s, one.quantile(q).unwrap());
        prop_assert_eq!(Some(found), two.quantile(q));
        // A bucket's width, at the coarsest scale that was added.
        let ratio = 2_f64.powf(1.0 / 2_f64.powi(i32::from(coarsest.min(SCALE)))) * 1.1;
        let near = if fine == 0.0 { found == 0.0 } else { (1.0 / ratio..=ratio).contains(&(found / fine)) };
        prop_assert!(near, "{} for {}", found, fine);
    }
}

#[test]
fn nothing_has_no_quantile() {
    assert_eq!(CoarseHistogram::default().quantile(0.5), None);
}
