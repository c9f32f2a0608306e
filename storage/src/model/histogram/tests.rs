//! Histograms against sorted lists of the same values, and at their bounds.

use proptest::prelude::*;

use super::*;

fn of(values: &[f64]) -> Histogram {
    let mut histogram = Histogram::default();
    for value in values {
        histogram.record(*value);
    }
    histogram
}

#[test]
fn one_value_is_known_exactly() {
    let quantile = of(&[0.132_4]).quantile(0.95).expect("not empty");
    assert!((quantile.value_s - 0.132_4).abs() < 1e-9);
    assert!(quantile.upper_s - quantile.lower_s <= 1.1e-6);
}

#[test]
fn zeros_have_their_own_count() {
    let histogram = of(&[0.0, 0.0, 0.0, 1.0]);
    assert_eq!(histogram.count(), 4);
    assert_eq!(histogram.quantile(0.5).map(|q| q.upper_s), Some(0.0));
    assert!(histogram.quantile(1.0).is_some_and(|q| q.upper_s >= 1.0));
}

#[test]
fn finer_input_is_lowered_and_coarser_input_stays() {
    let finer = Histogram::from_otel(6, 3.0, 0, -2, &[1, 2, 3, 4]).expect("accepted");
    assert_eq!(finer.scale(), 5);
    assert_eq!(finer.buckets(), [Bucket { index: -1, count: 3 }, Bucket { index: 0, count: 7 }]);
    let coarser = Histogram::from_otel(2, 3.0, 1, -3, &[0, 5]).expect("accepted");
    assert_eq!(coarser.scale(), 2);
    assert_eq!(coarser.count(), 6);
}

#[test]
fn input_out_of_range_is_rejected() {
    assert_eq!(Histogram::from_otel(21, 0.0, 0, 0, &[]), Err(HistogramError::Scale(21)));
    assert_eq!(Histogram::from_otel(-5, 0.0, 0, 0, &[]), Err(HistogramError::Scale(-5)));
    assert_eq!(Histogram::from_otel(5, f64::NAN, 0, 0, &[]), Err(HistogramError::Sum));
    assert_eq!(Histogram::from_otel(5, -1.0, 0, 0, &[]), Err(HistogramError::Sum));
    assert_eq!(Histogram::from_otel(5, 1.0, 0, 5_000, &[1]), Err(HistogramError::Bucket(5_000)));
    assert_eq!(
        Histogram::from_otel(5, 1.0, 0, i64::MAX, &[0, 1]),
        Err(HistogramError::Bucket(i64::MAX))
    );
    assert!(Histogram::from_otel(5, 0.0, 0, 5_000, &[0]).is_ok(), "an empty bucket is no value");
}

proptest! {
    #[test]
    fn the_exact_quantile_lies_within_the_bounds(
        values in prop::collection::vec(0.0..100.0_f64, 1..200),
        q in 0.01..1.0_f64,
    ) {
        let quantile = of(&values).quantile(q).expect("not empty");
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let exact = sorted[quantile_rank(q, sorted.len() as u64) as usize - 1];
        prop_assert!(quantile.lower_s <= exact && exact <= quantile.upper_s, "{exact} {quantile:?}");
    }

    #[test]
    fn merging_is_the_same_in_any_order_and_at_any_scale(
        one in prop::collection::vec(0.0..50.0_f64, 0..50),
        two in prop::collection::vec(0.0..50.0_f64, 0..50),
        scale in SCALE_MIN..=SCALE_MAX,
    ) {
        let mut coarse = of(&two);
        coarse.lower_scale(scale);
        let mut forward = of(&one);
        forward.merge(&coarse);
        let mut backward = coarse.clone();
        backward.merge(&of(&one));
        prop_assert_eq!(&forward, &backward);
        let mut all = of(&[one, two].concat());
        all.lower_scale(scale);
        prop_assert_eq!(forward, all);
    }
}
