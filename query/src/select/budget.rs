//! How much work a query may cause.

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

    /// Checks, before anything is read, that a query stays within the budget.
    pub(crate) const fn admit(&self, cells: u64, points: u64) -> Result<()> {
        if cells > self.cells_max {
            return Err(Error::TooManyCells { cells, limit: self.cells_max });
        }
        if points > self.points_max {
            return Err(Error::AnswerTooLarge { points, limit: self.points_max });
        }
        Ok(())
    }

    /// Fails once the deadline has passed.
    pub(crate) fn check_time(&self) -> Result<()> {
        match self.deadline {
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
