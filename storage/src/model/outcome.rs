//! How a request, webhook or run ended: a closed set of classes, and their counts.

use bincode::{Decode, Encode};

/// The class of an outcome. 429 and 401/403 are separate from the other 4xx, because their causes differ. The
/// numbers are written to disk: never renumber, never reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// HTTP 2xx (and 101).
    Status2xx = 0,
    /// HTTP 3xx.
    Status3xx = 1,
    /// HTTP 4xx other than 401, 403 and 429.
    Status4xx = 2,
    /// HTTP 401 or 403: a credential or permission problem.
    Auth = 3,
    /// HTTP 429: rate limited.
    RateLimited = 4,
    /// HTTP 5xx.
    Status5xx = 5,
    /// No answer in time.
    Timeout = 6,
    /// No connection: DNS, TLS, connection reset or refused.
    Network = 7,
    /// Succeeded, where no HTTP status applies.
    Success = 8,
    /// Failed in business terms, or raised an exception.
    Exception = 9,
    /// Rejected by the receiving side before it was processed.
    Rejected = 10,
}

impl Outcome {
    /// How many classes there are.
    pub const COUNT: usize = 11;

    /// Every class, in the order of its number.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Status2xx,
        Self::Status3xx,
        Self::Status4xx,
        Self::Auth,
        Self::RateLimited,
        Self::Status5xx,
        Self::Timeout,
        Self::Network,
        Self::Success,
        Self::Exception,
        Self::Rejected,
    ];

    /// The name used in the API and in rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status2xx => "2xx",
            Self::Status3xx => "3xx",
            Self::Status4xx => "4xx",
            Self::Auth => "401_403",
            Self::RateLimited => "429",
            Self::Status5xx => "5xx",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Success => "success",
            Self::Exception => "exception",
            Self::Rejected => "rejected",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// The classes of failures: all but 2xx, 3xx and success.
    pub const FAILURES: [Self; 8] = [
        Self::Status4xx,
        Self::Auth,
        Self::RateLimited,
        Self::Status5xx,
        Self::Timeout,
        Self::Network,
        Self::Exception,
        Self::Rejected,
    ];

    /// Whether it is among [`Outcome::FAILURES`].
    #[must_use]
    pub fn is_failure(self) -> bool {
        Self::FAILURES.contains(&self)
    }

    /// The class of an HTTP status; `None` for a number that is not a final status (below 200 except 101, or
    /// above 599).
    #[must_use]
    pub const fn of_status(status: u16) -> Option<Self> {
        match status {
            101 | 200..=299 => Some(Self::Status2xx),
            300..=399 => Some(Self::Status3xx),
            401 | 403 => Some(Self::Auth),
            429 => Some(Self::RateLimited),
            400..=499 => Some(Self::Status4xx),
            500..=599 => Some(Self::Status5xx),
            _ => None,
        }
    }
}

/// Counts by outcome class. Addition saturates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct OutcomeCounts {
    counts: [u64; Outcome::COUNT],
}

impl OutcomeCounts {
    /// The count of one class.
    #[must_use]
    pub const fn get(&self, class: Outcome) -> u64 {
        // In bounds: the discriminants are 0..COUNT.
        self.counts[class as usize]
    }

    /// Adds `count` to one class.
    pub const fn add(&mut self, class: Outcome, count: u64) {
        let cell = &mut self.counts[class as usize];
        *cell = cell.saturating_add(count);
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Subtracts `other`, which must have been merged before.
    pub fn unmerge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine = mine.saturating_sub(theirs);
        }
    }

    /// The sum over every class.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The sum over some classes.
    #[must_use]
    pub fn sum_of(&self, classes: &[Outcome]) -> u64 {
        classes.iter().fold(0, |sum, class| sum.saturating_add(self.get(*class)))
    }

    /// The classes with a count above zero, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        Outcome::ALL
            .into_iter()
            .map(|class| (class, self.get(class)))
            .filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests;
