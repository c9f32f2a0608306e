use std::time::Duration;

use super::*;

#[test]
fn bounds_are_inclusive() {
    let budget = Budget { cells_max: 10, points_max: 5, deadline: None };
    assert!(budget.admit(5).is_ok());
    assert!(matches!(budget.admit(6), Err(Error::AnswerTooLarge { points: 6, limit: 5 })));
    assert!(Budget::UNLIMITED.admit(u64::MAX).is_ok());
    let meter = Meter::new(budget);
    assert!(meter.count(4).is_ok());
    assert!(meter.count(6).is_ok());
    assert!(matches!(meter.count(1), Err(Error::TooManyCells { limit: 10 })));
    assert!(matches!(Meter::new(budget).count(u64::MAX), Err(Error::TooManyCells { limit: 10 })));
    assert!(Meter::new(Budget::UNLIMITED).count(u64::MAX).is_ok());
}

#[test]
fn a_query_fails_once_its_deadline_has_passed() {
    let now = Instant::now();
    let until = |deadline| Meter::new(Budget { deadline: Some(deadline), ..Budget::UNLIMITED });
    assert!(matches!(until(now).count(1), Err(Error::TimedOut)));
    assert!(until(now + Duration::from_secs(3_600)).count(1).is_ok());
    assert!(Meter::new(Budget::UNLIMITED).count(1).is_ok());
}
