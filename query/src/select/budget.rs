//! How much work a query may cause.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::error::{Error, Result};
use crate::limits::NUMBERS_MAX;

/// How much work a query may cause. A budget is part of the [`Grid`](crate::Grid) of the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Cells that may be read.
    pub cells_max: u64,
    /// Points that the answer may have, over all its series.
    pub points_max: u64,
    /// When the query is aborted; `None` for never.
    pub deadline: Option<Instant>,
}

impl Budget {
    /// No bounds. For rules, whose windows and groups are bounded.
    pub const UNLIMITED: Self = Self { cells_max: u64::MAX, points_max: u64::MAX, deadline: None };

    /// Checks, before anything is read, that the answer stays within the budget.
    pub(crate) const fn admit(&self, points: u64) -> Result<()> {
        if points > self.points_max {
            return Err(Error::AnswerTooLarge { points, limit: self.points_max });
        }
        Ok(())
    }
}

/// What a query has read so far. Its threads share one meter.
///
/// Cells are counted as they are read. How many a stream has in a range is not known before: it may have
/// reported in few slots of it or in all.
#[derive(Debug)]
pub struct Meter {
    budget: Budget,
    cells: AtomicU64,
}

impl Meter {
    /// The meter of a query that has read nothing yet.
    #[must_use]
    pub const fn new(budget: Budget) -> Self {
        Self { budget, cells: AtomicU64::new(0) }
    }

    /// Counts cells that were read.
    ///
    /// # Errors
    /// The query has read more than it may, or its deadline has passed.
    pub fn count(&self, cells: u64) -> Result<()> {
        let Budget { cells_max: limit, deadline, .. } = self.budget;
        if self.cells.fetch_add(cells, Ordering::Relaxed).saturating_add(cells) > limit {
            return Err(Error::TooManyCells { limit });
        }
        match deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Error::TimedOut),
            _ => Ok(()),
        }
    }
}

/// Checks that an answer of `each` numbers for every point of every group is not too large.
pub(crate) fn check_numbers(groups: usize, points: u64, each: u64) -> Result<()> {
    let numbers = (groups as u64).saturating_mul(points).saturating_mul(each);
    if numbers > NUMBERS_MAX { Err(Error::TooManyNumbers { numbers }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
