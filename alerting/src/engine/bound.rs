//! How certain a share is: Chernoff bounds of a proportion in their Kullback-Leibler form.
//!
//! Of `n` items `x` were bad. For every true share `p` below `x/n`,
//!
//! ```text
//! P(at least x bad of n) <= exp(-n * KL(x/n || p)),  KL(a || p) = a ln(a/p) + (1-a) ln((1-a)/(1-p))
//! ```
//!
//! (H. Chernoff, 1952, Ann. Math. Statist. 23; W. Hoeffding, 1963, JASA 58, theorem 1.) So with
//! `limit = ln(1 / (1 - confidence))` each true share for which `n * KL > limit` is ruled out with
//! that confidence, and the lower bound is the smallest share that is not. It holds for every `n`,
//! needs two logarithms, and is a little more careful than the exact interval of Clopper and
//! Pearson.

/// Steps of the search for a bound. About eight are needed; one more for each fourfold count above
/// a million.
const NEWTON_STEPS_MAX: u32 = 40;

/// The evidence that a confidence requires: `ln(1 / (1 - confidence))`, in nats. The confidence is at
/// least 0 and below 1.
pub(in crate::engine) fn evidence_limit(confidence: f64) -> f64 {
    -(1.0 - confidence).ln()
}

/// Whether `bad` of `count` is above a true share of `share`, beyond the limit of evidence.
pub(in crate::engine) fn is_above(bad: u64, count: u64, share: f64, limit: f64) -> bool {
    let observed = fraction(bad, count);
    observed > share && count as f64 * divergence(observed, share) > limit
}

/// The smallest true share that `bad` of `count` does not rule out: 0 to `bad / count`.
pub(in crate::engine) fn lower(bad: u64, count: u64, limit: f64) -> f64 {
    if bad == 0 || count == 0 {
        return 0.0;
    }
    let items = count as f64;
    if bad >= count {
        // KL(1 || p) = -ln p: no search needed.
        return (-limit / items).exp();
    }
    let (observed, limit) = (fraction(bad, count), limit / items);
    // Two shares that are ruled out: one from leaving out `-ln(1-p)`, which is not negative, the other from
    // Pinsker's inequality `KL >= 2 (a-p)^2`.
    let good = 1.0 - observed;
    let by_bad_part = observed * ((good * good.ln() - limit) / observed).exp();
    let by_pinsker = observed - (limit / 2.0).sqrt();
    let mut share = by_bad_part.max(by_pinsker);
    // Newton's method. The divergence is convex and falls towards `observed`, so from the left every
    // step stays on the left: the share is ruled out at any time, and stopping early is safe.
    for _ in 0..NEWTON_STEPS_MAX {
        let excess = divergence(observed, share) - limit;
        let stride = excess * share * (1.0 - share) / (observed - share);
        if stride.is_nan() || stride <= share * f64::EPSILON {
            break;
        }
        share += stride;
    }
    share.clamp(0.0, observed)
}

/// The largest true share that `bad` of `count` does not rule out: `bad / count` to 1.
pub(in crate::engine) fn upper(bad: u64, count: u64, limit: f64) -> f64 {
    1.0 - lower(count.saturating_sub(bad), count, limit)
}

/// `bad / count`, from 0 to 1; 0 when `count` is 0.
pub(in crate::engine) fn fraction(bad: u64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { (bad as f64 / count as f64).min(1.0) }
}

/// KL(observed || share) of two Bernoulli distributions, in nats; infinite when the share cannot
/// produce what was observed.
fn divergence(observed: f64, share: f64) -> f64 {
    let part =
        |seen: f64, expected: f64| if seen > 0.0 { seen * (seen / expected).ln() } else { 0.0 };
    part(observed, share) + part(1.0 - observed, 1.0 - share)
}

#[cfg(test)]
mod tests;
