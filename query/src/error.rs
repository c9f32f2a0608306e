//! What can go wrong with a question.

use crate::grid::POINTS_MAX;

/// Result of a question.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `end` lies before `start`.
    #[error("end lies before start")]
    EndBeforeStart,
    /// A step or window of zero or less.
    #[error("{name} must be longer than zero")]
    NotPositive {
        /// `step` or `window`.
        name: &'static str,
    },
    /// More points than an answer may have.
    #[error(
        "the question asks for {points} points, the limit is {POINTS_MAX}; take a longer step or a shorter range"
    )]
    TooManyPoints {
        /// How many were asked for.
        points: u64,
    },
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] plimsoll_storage::Error),
}
