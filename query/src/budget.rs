//! What answering a question may cost.

use std::time::Instant;

use crate::error::{Error, Result};

/// What answering a question may cost. It goes with the [`crate::Grid`] of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Cells that may be read.
    pub cells_max: u64,
    /// Points that the answer may have, over all its series.
    pub points_max: u64,
    /// When to give up; `None` for never.
    pub deadline: Option<Instant>,
}

impl Budget {
    /// No bounds: for the rules, which are bounded by themselves.
    pub const UNLIMITED: Self = Self { cells_max: u64::MAX, points_max: u64::MAX, deadline: None };

    /// Refuses a question that would touch too much, before anything is read.
    pub(crate) const fn admit(&self, cells: u64, points: u64) -> Result<()> {
        if cells > self.cells_max {
            return Err(Error::TooManyCells { cells, limit: self.cells_max });
        }
        if points > self.points_max {
            return Err(Error::AnswerTooLarge { points, limit: self.points_max });
        }
        Ok(())
    }

    /// Gives up when it is time to.
    pub(crate) fn check_time(&self) -> Result<()> {
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Error::TimedOut),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
