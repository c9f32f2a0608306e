//! How many of these for each of those: the ratio of a set of outcome classes to another set.

use std::collections::BTreeSet;

use plimsoll_storage::{Outcome, OutcomeCounts};

use crate::estimate::{Confidence, Estimate};

/// The classes that count as errors where nobody names any: all but 2xx, 3xx and success.
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

/// A set of classes compared with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassRatio {
    of: Vec<Outcome>,
    to: Vec<Outcome>,
    /// Whether `of` lies within `to`, so that the ratio is a share.
    is_share: bool,
}

/// The ratio in some counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Items of the classes counted.
    pub of: u64,
    /// Items of the classes they are compared with.
    pub to: u64,
    /// The first for each of the second; infinite when there are none of the second, `None` when
    /// there are none at all.
    pub ratio: Option<Estimate>,
}

impl ClassRatio {
    /// `of` compared with `to`, which either holds all of `of` (a share) or none of it (so many for
    /// each of those). `None` when it holds some of `of`, or a set is empty.
    #[must_use]
    pub fn new(of: &BTreeSet<Outcome>, to: &BTreeSet<Outcome>) -> Option<Self> {
        let is_share = of.is_subset(to);
        let fits = !of.is_empty() && !to.is_empty() && (is_share || of.is_disjoint(to));
        let list = |set: &BTreeSet<Outcome>| set.iter().copied().collect();
        fits.then(|| Self { of: list(of), to: list(to), is_share })
    }

    /// The share that some classes have in all of them.
    #[must_use]
    pub fn of_all<'a>(of: impl IntoIterator<Item = &'a Outcome>) -> Self {
        let of = of.into_iter().copied().collect();
        Self { of, to: Outcome::ALL.to_vec(), is_share: true }
    }

    /// Whether it is a share, from 0 to 1.
    #[must_use]
    pub const fn is_share(&self) -> bool {
        self.is_share
    }

    /// The ratio in some counts; infinite or `None` as in [`Ratio::ratio`].
    #[must_use]
    pub fn value(&self, counts: &OutcomeCounts) -> Option<f64> {
        let (of, to) = (counts.sum_of(&self.of), counts.sum_of(&self.to));
        (of > 0 || to > 0).then(|| of as f64 / to as f64)
    }

    /// The ratio in some counts, with its Wilson bounds.
    ///
    /// Two sets without a class in common make a share too, of the first in both. Its bounds become
    /// those of the ratio through `p / (1 - p)`, which grows with `p`.
    #[must_use]
    pub fn measure(&self, counts: &OutcomeCounts, confidence: Confidence) -> Ratio {
        let (of, to) = (counts.sum_of(&self.of), counts.sum_of(&self.to));
        let ratio = if self.is_share {
            confidence.share(of, to)
        } else {
            confidence.share(of, of.saturating_add(to)).map(|share| Estimate {
                // Not through the share: 3 for each 2 is 1.5 to the last digit.
                value: of as f64 / to as f64,
                ..share.map(|p| p / (1.0 - p))
            })
        };
        Ratio { of, to, ratio }
    }
}

#[cfg(test)]
mod tests;
