//! The ratio of the items in one set of outcome classes to the items in another.

use std::collections::BTreeSet;

use plimsoll_storage::{Outcome, OutcomeCounts};

use super::estimate::{Confidence, Estimate};

/// The classes that count as errors by default: all except 2xx, 3xx and success.
pub const ERRORS: [Outcome; 8] = [
    Outcome::Status4xx,
    Outcome::Auth,
    Outcome::RateLimited,
    Outcome::Status5xx,
    Outcome::Timeout,
    Outcome::Network,
    Outcome::Exception,
    Outcome::Rejected,
];

/// Two sets of classes to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRatio {
    of: Vec<Outcome>,
    to: Vec<Outcome>,
    /// Whether `of` is a subset of `to`, so that the ratio is a share.
    is_share: bool,
}

/// The ratio of two counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Items in the counted classes.
    pub of: u64,
    /// Items in the classes they are compared with.
    pub to: u64,
    /// `of / to`; infinite when only `to` is 0, `None` when both are 0.
    pub ratio: Option<Estimate>,
}

impl ClassRatio {
    /// `of` compared with `to`, which contains either all classes of `of` (a share) or none of them. `None`
    /// when it contains only some of them, or when a set is empty.
    #[must_use]
    pub fn new(of: &BTreeSet<Outcome>, to: &BTreeSet<Outcome>) -> Option<Self> {
        let is_share = of.is_subset(to);
        let fits = !of.is_empty() && !to.is_empty() && (is_share || of.is_disjoint(to));
        let list = |set: &BTreeSet<Outcome>| set.iter().copied().collect();
        fits.then(|| Self { of: list(of), to: list(to), is_share })
    }

    /// The share of some classes in all items.
    #[must_use]
    pub fn of_all<'a>(of: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let of = of.into_iter().copied().collect();
        Self { of, to: Outcome::ALL.to_vec(), is_share: true }
    }

    /// Whether the ratio is a share, from 0 to 1.
    #[must_use]
    pub const fn is_share(&self) -> bool {
        self.is_share
    }

    /// The ratio of some counts; infinite or `None` as in [`Ratio::ratio`].
    #[must_use]
    pub fn value(&self, counts: &OutcomeCounts) -> Option<f64> {
        let (of, to) = (counts.sum_of(&self.of), counts.sum_of(&self.to));
        (of > 0 || to > 0).then(|| of as f64 / to as f64)
    }

    /// The ratio of some counts, with its Wilson bounds.
    ///
    /// For two sets without a common class, the bounds are those of the share of the first set in both,
    /// mapped through `p / (1 - p)`, which increases with `p`.
    #[must_use]
    pub fn measure(&self, counts: &OutcomeCounts, confidence: Confidence) -> Ratio {
        let (of, to) = (counts.sum_of(&self.of), counts.sum_of(&self.to));
        let ratio = if self.is_share {
            confidence.share(of, to)
        } else {
            confidence.share(of, of.saturating_add(to)).map(|share| Estimate {
                // Not computed from the share, so that 3 to 2 is exactly 1.5.
                value: of as f64 / to as f64,
                ..share.map(|p| p / (1.0 - p))
            })
        };
        Ratio { of, to, ratio }
    }
}

#[cfg(test)]
mod tests;
