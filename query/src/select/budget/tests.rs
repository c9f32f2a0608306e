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
fn a_query_fails_once_its_deadline_has_passed() {
    let now = Instant::now();
    let until = |deadline| Budget { deadline: Some(deadline), ..Budget::UNLIMITED };
    assert!(matches!(until(now).check_time(), Err(Error::TimedOut)));
    assert!(until(now + Duration::from_secs(3_600)).check_time().is_ok());
    assert!(Budget::UNLIMITED.check_time().is_ok());
}
