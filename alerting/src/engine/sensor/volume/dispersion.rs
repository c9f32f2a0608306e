//! How bursty the arrivals of a group are.
//!
//! Arrivals come in bursts, so a count is taken for a negative binomial of variance `mean + mean^2 / k`.
//! `1/k` follows by moments from successive differences of five-minute counts, which a slow change of the
//! mean does not disturb: `E[(a-b)^2]/2 - E[a] = E[ab] / k`.

/// Minutes of a block, long enough to contain bursts of some minutes.
pub(super) const BLOCK_MIN: usize = 5;
/// Weight of a pair of blocks: the memory is about a day.
const PAIR_WEIGHT: f64 = 0.005;

/// Weighted means of `E[(a-b)^2]/2 - E[a]` and of `E[ab]`, over pairs of neighbouring blocks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dispersion {
    excess: f64,
    product: f64,
}

impl Dispersion {
    /// `k` of a block; large for a Poisson stream.
    pub(super) fn k(self) -> f64 {
        let inverse = if self.product > 0.0 { (self.excess / self.product).max(0.0) } else { 0.0 };
        1.0 / inverse.max(1e-3)
    }

    /// `k` of some minutes.
    pub(super) fn k_of(self, minutes: u32) -> f64 {
        self.k() * f64::from(minutes) / BLOCK_MIN as f64
    }

    /// Learns from the counts of neighbouring minutes; `None` for those that are not known.
    pub(super) fn learn(&mut self, counts: &[Option<u32>]) {
        let block = |block: &[Option<u32>]| {
            block.iter().try_fold(0.0, |sum, count| Some(sum + f64::from((*count)?)))
        };
        let blocks: Vec<Option<f64>> = counts.chunks_exact(BLOCK_MIN).map(block).collect();
        for pair in blocks.windows(2) {
            let [Some(a), Some(b)] = *pair else { continue };
            let excess = (a - b).powi(2) / 2.0 - f64::midpoint(a, b);
            self.excess += PAIR_WEIGHT * (excess - self.excess);
            self.product += PAIR_WEIGHT * (a * b - self.product);
        }
    }
}

/// The evidence of a count against its expectation, in nats: the logarithm of the likelihood ratio of two
/// negative binomials of the same `k`. For a large `k` it is that of two Poisson distributions,
/// `lambda - x + x ln(x / lambda)`.
pub(super) fn evidence(count: f64, expected: f64, k: f64) -> f64 {
    let own = if count > 0.0 { count * (count / expected).ln() } else { 0.0 };
    own - (count + k) * ((count + k) / (expected + k)).ln()
}
