//! Why a query failed.

use plimsoll_storage::SlotWidth;

use crate::limits::{NUMBERS_MAX, POINTS_MAX};

/// Result of a query.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a query failed.
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
    /// A step or window that would cut a slot.
    #[error("{name} {}", not_whole_slots(*.ms, *.width))]
    NotWholeSlots {
        /// `step` or `window`.
        name: &'static str,
        /// How long it is, in ms.
        ms: i64,
        /// The width of the slots.
        width: SlotWidth,
    },
    /// More points than an answer may have.
    #[error(
        "the question asks for {points} points, the limit is {POINTS_MAX}; take a longer step \
         or a shorter range"
    )]
    TooManyPoints {
        /// How many were asked for.
        points: u64,
    },
    /// The query has read more cells than it may.
    #[error(
        "the question reads more than {limit} cells, the limit; select fewer streams, \
         take a shorter range, or let `start`, `end`, `step` and `window` be multiples of \
         1m or 15m, which are read from roll-ups"
    )]
    TooManyCells {
        /// How many it may read.
        limit: u64,
    },
    /// The answer would have more points than it may.
    #[error(
        "the answer has up to {points} points, the limit is {limit}; group by fewer labels, \
         select fewer streams, take a longer step or a shorter range"
    )]
    AnswerTooLarge {
        /// How many it would have at most.
        points: u64,
        /// How many it may have.
        limit: u64,
    },
    /// The deadline has passed.
    #[error("the question took too long; select fewer streams or take a shorter range")]
    TimedOut,
    /// The answer would consist of too many numbers.
    #[error(
        "the question makes {numbers} numbers, the limit is {NUMBERS_MAX}; take a longer \
         step, a shorter range or fewer groups"
    )]
    TooManyNumbers {
        /// Groups × points × numbers of each point.
        numbers: u64,
    },
    /// The store could not be read.
    #[error(transparent)]
    Storage(#[from] plimsoll_storage::Error),
}

/// What is wrong with a duration that is not whole slots, and the nearest that are.
#[must_use]
pub fn not_whole_slots(ms: i64, width: SlotWidth) -> String {
    let text = |ms: i64| {
        if ms % 1_000 == 0 { format!("{}s", ms / 1_000) } else { format!("{ms}ms") }
    };
    let below = ms / width.ms() * width.ms();
    let above = below.saturating_add(width.ms());
    let nearest =
        if below == 0 { text(above) } else { format!("{} or {}", text(below), text(above)) };
    format!(
        "is {}, which is not a multiple of {width}, the shortest time that is counted by itself; use {nearest}",
        text(ms),
        width = text(width.ms()),
    )
}
