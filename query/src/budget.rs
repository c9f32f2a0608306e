//! What answering a question may cost.

use std::time::Instant;

use crate::error::{Error, Result};

/// What answering a question may cost. It goes with the [`crate::Grid`] of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        let budget = Budget { cells_max: 10, points_max: 5, deadline: None };
        assert!(budget.admit(10, 5).is_ok());
        assert!(matches!(budget.admit(11, 5), Err(Error::TooManyCells { cells: 11, limit: 10 })));
        assert!(matches!(budget.admit(10, 6), Err(Error::AnswerTooLarge { points: 6, limit: 5 })));
        assert!(Budget::UNLIMITED.admit(u64::MAX, u64::MAX).is_ok());
    }

    #[test]
    fn a_deadline_that_has_passed_ends_the_question() {
        let now = Instant::now();
        let until = |deadline| Budget { deadline: Some(deadline), ..Budget::UNLIMITED };
        assert!(matches!(until(now).check_time(), Err(Error::TimedOut)));
        assert!(until(now + Duration::from_secs(3_600)).check_time().is_ok());
        assert!(Budget::UNLIMITED.check_time().is_ok());
    }
}
