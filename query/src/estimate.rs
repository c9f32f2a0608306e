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
#[derive(Debug, Clone, Copy, PartialEq)]
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    z: f64,
}

impl Confidence {
    /// 95 %, where nobody asks for another. The number is the 97.5th percentile of the normal
    /// distribution.
    pub const DEFAULT: Self = Self { z: 1.959_963_984_540_054 };

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
mod tests;
