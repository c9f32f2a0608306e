//! How sure a share is: Wilson's score interval, and Newcombe's for the difference of two shares.
//!
//! Of `n` items `x` were of a kind; with `p = x/n` and `z` the normal quantile of the confidence,
//!
//! ```text
//! lower, upper = (p + z²/2n ∓ z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//! ```
//!
//! (E. B. Wilson, 1927, JASA 22, 209–212.) Unlike the textbook interval it never leaves 0 to 1 and
//! says something sensible of 0 of 5. The difference of two shares is bounded from the intervals of
//! both (R. G. Newcombe, 1998, Statistics in Medicine 17, 873–890, method 10).

use std::f64::consts::{PI, SQRT_2};

use libm::erfc;

/// Steps to a confidence. The closest to 1 that a double can tell from it needs 44.
const NEWTON_STEPS_MAX: u32 = 100;

/// A value with the bounds of what is known about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The best guess.
    pub value: f64,
    /// It is hardly below this.
    pub lower: f64,
    /// It is hardly above this; infinite when nothing bounds it.
    pub upper: f64,
}

impl Estimate {
    /// The value and both bounds, each through a function that keeps their order.
    #[must_use]
    pub fn map(self, through: impl Fn(f64) -> f64) -> Self {
        let Self { value, lower, upper } = self;
        Self { value: through(value), lower: through(lower), upper: through(upper) }
    }
}

/// How sure bounds are to hold the true share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    z: f64,
}

impl Confidence {
    /// 95 %, where nobody asks for another. The number is the 97.5th percentile of the normal
    /// distribution.
    pub const USUAL: Self = Self { z: 1.959_963_984_540_054 };

    /// A level above 0 and below 1, such as 0.95 for bounds that hold in 95 % of cases; `None` for
    /// any other number.
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then(|| Self { z: normal_reach(1.0 - level) })
    }

    /// The share that `count` of `of` are, or `None` of none.
    #[must_use]
    pub fn share(self, count: u64, of: u64) -> Option<Estimate> {
        if of == 0 {
            return None;
        }
        let (n, z2) = (of as f64, self.z * self.z);
        let p = count.min(of) as f64 / n;
        let middle = p + z2 / (2.0 * n);
        let reach = self.z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        // At both ends the formula gives the end itself, but for rounding.
        let lower = if count == 0 { 0.0 } else { ((middle - reach) / scale).clamp(0.0, p) };
        let upper = if count >= of { 1.0 } else { ((middle + reach) / scale).clamp(p, 1.0) };
        Some(Estimate { value: p, lower, upper })
    }
}

/// How many standard deviations from the middle of a normal distribution leave `rest` outside, half
/// of it on each side: the `z` for which `erfc(z / √2) = rest`, by Newton's method.
fn normal_reach(rest: f64) -> f64 {
    let mut z = 0.0_f64;
    // The function falls and flattens out, so from the left every step stays on the left.
    for _ in 0..NEWTON_STEPS_MAX {
        let slope = (2.0 / PI).sqrt() * (-z * z / 2.0).exp();
        let stride = (erfc(z / SQRT_2) - rest) / slope;
        if stride <= z * f64::EPSILON {
            break;
        }
        z += stride;
    }
    z
}

/// How much greater the share `b` is than the share `a`.
#[must_use]
pub fn difference(a: Estimate, b: Estimate) -> Estimate {
    let value = b.value - a.value;
    let reach = |one: f64, other: f64| one.hypot(other);
    Estimate {
        value,
        lower: value - reach(b.value - b.lower, a.upper - a.value),
        upper: value + reach(b.upper - b.value, a.value - a.lower),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn confidence(level: f64) -> Confidence {
        Confidence::new(level).expect("valid")
    }

    #[test]
    fn shares_are_those_of_the_literature() {
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
    fn differences_are_those_of_the_literature() {
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
    fn nothing_is_known_of_nothing_and_no_level_is_certain() {
        assert_eq!(confidence(0.95).share(0, 0), None);
        assert!((confidence(0.95).z - Confidence::USUAL.z).abs() < 1e-12);
        for bad in [0.0, 1.0, -0.5, 1.5, f64::NAN] {
            assert_eq!(Confidence::new(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn bounds_bracket_the_share_and_solve_the_score_equation(
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
}
