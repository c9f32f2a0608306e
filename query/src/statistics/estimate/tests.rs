use proptest::prelude::*;

use super::*;

fn confidence(level: f64) -> Confidence {
    Confidence::new(level).expect("valid")
}

#[test]
fn shares_match_published_tables() {
    // Newcombe (1998), Statistics in Medicine 17, 857–872, table I, method 3, to four places.
    let table = [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ];
    for (count, of, lower, upper) in table {
        let share = confidence(0.95).share(count, of).expect("some");
        assert!((share.lower - lower).abs() < 5e-5, "{count} of {of}: {share:?}");
        assert!((share.upper - upper).abs() < 5e-5, "{count} of {of}: {share:?}");
    }
}

#[test]
fn differences_match_published_tables() {
    // Newcombe (1998), Statistics in Medicine 17, 873–890, table II, method 10.
    let share = |count, of| confidence(0.95).share(count, of).expect("some");
    for (one, other, lower, upper) in [
        (share(56, 70), share(48, 80), 0.0524, 0.3339),
        (share(9, 10), share(3, 10), 0.1705, 0.8090),
        (share(10, 10), share(0, 10), 0.6075, 1.0),
    ] {
        let found = difference(other, one);
        assert!((found.lower - lower).abs() < 5e-5, "{found:?}");
        assert!((found.upper - upper).abs() < 5e-5, "{found:?}");
    }
}

#[test]
fn no_items_give_no_share_and_invalid_levels_are_rejected() {
    assert_eq!(confidence(0.95).share(0, 0), None);
    assert!((confidence(0.95).z - Confidence::DEFAULT.z).abs() < 1e-12);
    for bad in [0.0, 1.0, -0.5, 1.5, f64::NAN] {
        assert_eq!(Confidence::new(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn bounds_contain_the_share_and_solve_the_score_equation(
        count in 0_u64..5_000, others in 0_u64..5_000, level in 0.5..0.9999_f64,
    ) {
        prop_assume!(count + others > 0);
        let of = count + others;
        let confidence = confidence(level);
        let Estimate { value, lower, upper } = confidence.share(count, of).expect("some");
        prop_assert!(0.0 <= lower && lower <= value && value <= upper && upper <= 1.0);
        // Wilson's bounds are the shares whose score statistic is z.
        let score = |p: f64| (value - p).abs() / (p * (1.0 - p) / of as f64).sqrt();
        if count > 0 {
            prop_assert!((score(lower) - confidence.z).abs() < 1e-6 * (1.0 + confidence.z));
        }
        if others > 0 {
            prop_assert!((score(upper) - confidence.z).abs() < 1e-6 * (1.0 + confidence.z));
        }
    }
}
