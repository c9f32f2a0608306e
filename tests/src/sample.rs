//! Reproducible traffic: seeded numbers, log-normal latencies, and the exponential
//! histogram that a connector would send for them.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use serde_json::{Value, json};

/// The scale of the histograms that are sent, the same as the server's.
const SCALE: i32 = 5;

/// A seeded source of numbers (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts at a seed; the same seed gives the same numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    /// A number in `(0, 1]`.
    fn unit(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// A log-normal latency in whole microseconds.
    pub fn latency_us(&mut self, median_ms: f64, sigma: f64) -> u64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (TAU * self.unit()).cos();
        (median_ms * 1_000.0 * (sigma * normal).exp()).round().max(1.0) as u64
    }
}

/// The q-quantile by definition: the value of rank ⌈q·n⌉.
///
/// # Panics
/// There are no values.
#[must_use]
pub fn exact_quantile(values: &mut [u64], q: f64) -> u64 {
    values.sort_unstable();
    let rank = (q * values.len() as f64).ceil().max(1.0) as usize;
    *values.get(rank - 1).expect("there are values, and q is at most 1")
}

/// Latencies gathered as a connector would, into one exponential histogram in seconds.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    buckets: BTreeMap<i32, u64>,
    count: u64,
    sum_us: u64,
}

impl Histogram {
    /// Adds one latency.
    pub fn add(&mut self, latency_us: u64) {
        let seconds = latency_us as f64 / 1e6;
        // Bucket i covers (2^(i/2^s), 2^((i+1)/2^s)]: the upper bound belongs to it.
        let index = (seconds.log2() * f64::from(1 << SCALE)).ceil() as i32 - 1;
        *self.buckets.entry(index).or_default() += 1;
        self.count += 1;
        self.sum_us += latency_us;
    }

    /// How many latencies it holds.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The `latency` field of a summary.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let first = self.buckets.keys().next().copied().unwrap_or(0);
        let last = self.buckets.keys().next_back().copied().unwrap_or(-1);
        let counts: Vec<u64> =
            (first..=last).map(|index| self.buckets.get(&index).copied().unwrap_or(0)).collect();
        json!({
            "scale": SCALE,
            "sum": self.sum_us as f64 / 1e6,
            "zero_count": 0,
            "positive": { "offset": first, "bucket_counts": counts },
        })
    }
}

#[cfg(test)]
mod tests;
