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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRatio {
    of: Vec<Outcome>,
    to: Vec<Outcome>,
    /// Whether `of` lies within `to`, so that the ratio is a share.
    is_share: bool,
}

/// The ratio in some counts.
#[derive(Clone, Copy, Debug, PartialEq)]
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
mod tests {
    use super::*;
    use Outcome::{Status2xx, Status4xx, Status5xx, Timeout};

    fn ratio(of: &[Outcome], to: &[Outcome]) -> Option<ClassRatio> {
        ClassRatio::new(&of.iter().copied().collect(), &to.iter().copied().collect())
    }

    fn counts(pairs: &[(Outcome, u64)]) -> OutcomeCounts {
        let mut counts = OutcomeCounts::default();
        pairs.iter().for_each(|(class, count)| counts.add(*class, *count));
        counts
    }

    #[test]
    fn sets_lie_within_each_other_or_apart() {
        assert!(ratio(&[Status5xx], &[Status5xx, Status2xx]).expect("taken").is_share());
        assert!(!ratio(&[Status5xx], &[Status2xx]).expect("taken").is_share());
        assert_eq!(ratio(&[Status5xx, Timeout], &[Status5xx, Status2xx]), None);
        assert_eq!(ratio(&[], &[Status2xx]), None);
        assert_eq!(ratio(&[Status2xx], &[]), None);
    }

    #[test]
    fn errors_are_all_but_what_went_well() {
        let well = [Status2xx, Outcome::Status3xx, Outcome::Success];
        for class in Outcome::ALL {
            assert_eq!(ERRORS.contains(&class), !well.contains(&class), "{class:?}");
        }
    }

    #[test]
    fn a_ratio_counts_its_own_classes_only() {
        let confidence = Confidence::new(0.95).expect("valid");
        let seen = counts(&[(Status5xx, 3), (Timeout, 1), (Status2xx, 8), (Status4xx, 100)]);
        let share = ratio(&[Status5xx, Timeout], &[Status5xx, Timeout, Status2xx]).expect("taken");
        let share = share.measure(&seen, confidence);
        assert_eq!((share.of, share.to), (4, 12));
        assert_eq!(share.ratio, confidence.share(4, 12));
        let apart = ratio(&[Status5xx], &[Status2xx]).expect("taken").measure(&seen, confidence);
        let (found, share) = (apart.ratio.expect("some"), confidence.share(3, 11).expect("some"));
        assert_eq!((apart.of, apart.to, found.value), (3, 8, 0.375));
        assert!((found.lower - share.lower / (1.0 - share.lower)).abs() < 1e-12);
        assert!(found.lower < 0.375 && 0.375 < found.upper);
    }

    #[test]
    fn a_ratio_to_nothing_is_unbounded_and_of_nothing_unknown() {
        let confidence = Confidence::new(0.95).expect("valid");
        let apart = ratio(&[Status5xx], &[Status2xx]).expect("taken");
        let found = apart.measure(&counts(&[(Status5xx, 2)]), confidence).ratio.expect("some");
        assert!(found.value.is_infinite() && found.upper.is_infinite() && found.lower.is_finite());
        assert_eq!(apart.measure(&counts(&[]), confidence).ratio, None);
    }
}
