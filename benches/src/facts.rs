//! The test data of the benchmarks: partners with operations, environments and sites, whose latencies are
//! log-normal. The same seed gives the same data.

use plimsoll_storage::{Cell, Outcome, StreamKind, StreamRef, TimestampMs};

/// One operation of one partner in one environment at one site.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Partner name.
    pub partner: String,
    /// Operation name.
    pub operation: String,
    /// `production` or `staging`.
    pub environment: &'static str,
    /// Site name.
    pub site: String,
    /// Logarithm of the median latency in seconds.
    median_ln_s: f64,
    /// Share of requests that fail, 0 to 1.
    failing: f64,
}

impl Endpoint {
    /// Its stream of requests.
    #[must_use]
    pub fn stream(&self) -> StreamRef<'_> {
        StreamRef {
            kind: StreamKind::Activity,
            name: "requests",
            labels: [&self.partner, &self.operation, self.environment, &self.site, ""],
        }
    }

    /// One request: its outcome and its duration in seconds.
    pub fn request(&self, random: &mut fastrand::Rng) -> (Outcome, f64) {
        let outcome = match random.f64() {
            share if share < self.failing => Outcome::Status5xx,
            share if share < self.failing + 0.01 => Outcome::Status4xx,
            _ => Outcome::Status2xx,
        };
        (outcome, (self.median_ln_s + 0.5 * normal(random)).exp())
    }

    /// A cell of `count` requests around `at`.
    pub fn cell(&self, count: u64, at: TimestampMs, random: &mut fastrand::Rng) -> Cell {
        let mut cell = Cell::default();
        for _ in 0..count {
            let (outcome, seconds) = self.request(random);
            cell.record(outcome, Some(seconds), at);
        }
        cell
    }
}

/// `partners` × 5 operations × 2 environments × 2 sites.
#[must_use]
pub fn endpoints(partners: usize, seed: u64) -> Vec<Endpoint> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut endpoints = Vec::with_capacity(partners * 20);
    for partner in 0..partners {
        for operation in ["create_label", "void_label", "rates", "track", "pickup"] {
            for environment in ["production", "staging"] {
                for site in 0..2 {
                    endpoints.push(Endpoint {
                        partner: format!("partner-{partner:03}"),
                        operation: operation.to_owned(),
                        environment,
                        site: format!("site-{site}"),
                        median_ln_s: (0.02 + 0.3 * random.f64()).ln(),
                        failing: 0.02 * random.f64(),
                    });
                }
            }
        }
    }
    endpoints
}

/// A standard normal number (Box and Muller, 1958).
fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

#[cfg(test)]
mod tests;
