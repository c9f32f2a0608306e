use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_sum_is_joined_from_its_residual(sum: u64, middle: i64, rest_bits in 0..49_u32) {
        let expected = Expected { middle, rest_bits };
        let Residual { steps, rest } = expected.split(sum);
        let rest = rest & ((1 << rest_bits) - 1);
        prop_assert_eq!(expected.join(Residual { steps, rest }), sum);
    }
}

#[test]
fn the_unit_divides_every_sum() {
    assert_eq!(unit_of([12_000, 18_000, 0].into_iter()), 6_000);
    assert_eq!(unit_of([0, 0].into_iter()), 1);
    assert_eq!(unit_of(std::iter::empty()), 1);
}

#[test]
fn the_table_has_the_stats_of_the_finest_scale() {
    for index in [-1_280, -7, 0, 959] {
        let (known, computed) =
            (BucketTable::new(SCALE_MAX).stats(index), BucketStats::compute(SCALE_MAX, index));
        assert_eq!(known.middle_us, computed.middle_us);
        assert!((known.variance - computed.variance).abs() < f64::EPSILON);
    }
}
