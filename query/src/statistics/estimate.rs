//! Confidence intervals of a share: Wilson's score interval, and Newcombe's for the difference of two shares.
//!
//! If `x` of `n` items are of a kind, `p = x/n` and `z` is the normal quantile of the confidence, the bounds
//! are
//!
//! ```text
//! lower, upper = (p + z²/2n ∓ z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
//! ```
//!
//! (E. B. Wilson, 1927, JASA 22, 209–212.) Unlike the normal approximation, the interval stays within 0 and 1
//! and is useful for few items, such as 0 of 5. The bounds of the difference of two shares follow from the
//! intervals of both (R. G. Newcombe, 1998, Statistics in Medicine 17, 873–890, method 10).

use std::f64::consts::{PI, SQRT_2};

use libm::erfc;

/// Newton steps for one confidence level. The largest double below 1 needs 44.
const NEWTON_STEPS_MAX: u32 = 100;

/// A value with lower and upper bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimated value.
    pub value: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound; infinite when there is none.
    pub upper: f64,
}

impl Estimate {
    /// Applies a monotonically increasing function to the value and both bounds.
    #[must_use]
    pub fn map(self, through: impl Fn(f64) -> f64) -> Self {
        let Self { value, lower, upper } = self;
        Self { value: through(value), lower: through(lower), upper: through(upper) }
    }
}

/// The probability with which bounds contain the true share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    z: f64,
}

impl Confidence {
    /// 95 %. The number is the 97.5th percentile of the normal distribution.
    pub const DEFAULT: Self = Self { z: 1.959_963_984_540_054 };

    /// A level above 0 and below 1, such as 0.95 for bounds that hold in 95 % of cases; `None` for any other
    /// number.
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then(|| Self { z: two_sided_z(1.0 - level) })
    }

    /// The share of `count` in `of`; `None` when `of` is 0.
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
        // For 0 and for all the formula gives exactly 0 and 1, except for rounding.
        let lower = if count == 0 { 0.0 } else { ((middle - reach) / scale).clamp(0.0, p) };
        let upper = if count >= of { 1.0 } else { ((middle + reach) / scale).clamp(p, 1.0) };
        Some(Estimate { value: p, lower, upper })
    }
}

/// The `z` for which a share of `rest` of a normal distribution lies more than `z` standard deviations from
/// the mean: `erfc(z / √2) = rest`, solved by Newton's method.
fn two_sided_z(rest: f64) -> f64 {
    let mut z = 0.0_f64;
    // The function is decreasing and convex, so every step from the left stays left of the root.
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

/// The difference `b - a` of two shares.
#[must_use]
pub fn difference(a: Estimate, b: Estimate) -> Estimate {
    let value = b.value - a.value;
    Estimate {
        value,
        lower: value - (b.value - b.lower).hypot(a.upper - a.value),
        upper: value + (b.upper - b.value).hypot(a.value - a.lower),
    }
}

#[cfg(test)]
mod tests;
