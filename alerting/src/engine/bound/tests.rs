use proptest::prelude::*;

use super::*;

#[test]
fn one_failure_of_three_is_no_proof_and_three_of_three_are() {
    let limit = evidence_limit(0.999);
    assert!(lower(1, 3, limit) < 0.05);
    assert!(lower(2, 2, limit) < 0.05);
    assert!(lower(3, 3, limit) > 0.05);
    assert!(!is_above(1, 3, 0.05, limit));
    assert!(is_above(3, 3, 0.05, limit));
}

#[test]
fn nothing_is_known_of_nothing() {
    let limit = evidence_limit(0.999);
    assert_eq!((lower(0, 0, limit), upper(0, 0, limit)), (0.0, 1.0));
    assert!(!is_above(0, 0, 0.0, limit));
}

#[test]
fn any_failure_is_above_a_limit_of_none() {
    assert!(is_above(1, 1_000_000, 0.0, evidence_limit(0.999)));
}

#[test]
fn many_items_make_tight_bounds() {
    let limit = evidence_limit(0.999);
    let (bad, count) = (50_000, 1_000_000);
    assert!(0.05 - lower(bad, count, limit) < 0.001);
    assert!(upper(bad, count, limit) - 0.05 < 0.001);
}

/// The chance that the lower bound lies above the true share, summed over all outcomes.
fn false_alarm(share: f64, count: u64, limit: f64) -> f64 {
    let mut chance = (1.0 - share).powi(count as i32);
    let mut total = 0.0;
    for bad in 0..=count {
        if lower(bad, count, limit) > share {
            total += chance;
        }
        chance *= (count - bad) as f64 / (bad + 1) as f64 * share / (1.0 - share);
    }
    total
}

#[test]
fn the_true_share_is_covered_as_often_as_promised() {
    for confidence in [0.9, 0.99, 0.999] {
        for share in [0.01, 0.05, 0.2, 0.5, 0.9] {
            for count in [1, 2, 3, 5, 10, 30, 100, 300] {
                let chance = false_alarm(share, count, evidence_limit(confidence));
                let promised = 1.0 - confidence;
                assert!(chance <= promised, "{chance} at {share}, {count}, {confidence}");
            }
        }
    }
}

proptest! {
    #[test]
    fn bounds_bracket_what_was_seen(bad in 0_u64..2_000, good in 0_u64..2_000, nines in 1_u32..6) {
        let (count, limit) = (bad + good, evidence_limit(1.0 - 10_f64.powi(-(nines as i32))));
        let (low, seen, high) = (lower(bad, count, limit), fraction(bad, count), upper(bad, count, limit));
        prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
        prop_assert!(low <= seen && seen <= high);
    }

    #[test]
    fn more_failures_and_less_confidence_raise_the_lower_bound(
        bad in 0_u64..500, good in 1_u64..500, limit in 0.1_f64..20.0
    ) {
        let count = bad + good;
        prop_assert!(lower(bad + 1, count, limit) >= lower(bad, count, limit));
        prop_assert!(lower(bad, count, limit) >= lower(bad, count, limit + 1.0));
        prop_assert!(lower(bad * 2, count * 2, limit) >= lower(bad, count, limit));
    }

    #[test]
    fn the_bound_lies_where_the_evidence_ends(
        bad in 1_u64..1_000_000_000, good in 1_u64..1_000_000_000, limit in 0.1_f64..20.7
    ) {
        let count = bad + good;
        let evidence = count as f64 * divergence(fraction(bad, count), lower(bad, count, limit));
        prop_assert!((evidence - limit).abs() < 1e-4 * limit, "{evidence} for {limit}");
    }

    #[test]
    fn the_test_and_the_bound_agree(
        bad in 0_u64..300, good in 0_u64..300, share in 0.001_f64..0.999, limit in 0.1_f64..20.0
    ) {
        let low = lower(bad, bad + good, limit);
        prop_assume!((low - share).abs() > 1e-9);
        prop_assert_eq!(is_above(bad, bad + good, share, limit), low > share);
    }
}
