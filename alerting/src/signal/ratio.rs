//! The share of some outcome classes among others.

use plimsoll_storage::{Cell, Outcome};

use crate::bound;
use crate::evidence::Measured;

/// The share of `of` among `to` (all classes when `None`), which includes `of`.
pub(super) fn measure(
    cell: &Cell,
    of: &[Outcome],
    to: Option<&[Outcome]>,
    confidence: f64,
) -> Option<Measured> {
    let bad = cell.outcomes.sum_of(of);
    let count = to.map_or_else(|| cell.outcomes.total(), |to| cell.outcomes.sum_of(to));
    if count == 0 {
        return None;
    }
    let limit = bound::evidence_limit(confidence);
    Some(Measured {
        value: bound::fraction(bad, count),
        count,
        lower: bound::lower(bad, count, limit),
        upper: bound::upper(bad, count, limit),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_all_classes_or_those_named() {
        let mut cell = Cell::default();
        cell.outcomes.add(Outcome::Status2xx, 90);
        cell.outcomes.add(Outcome::Status5xx, 5);
        cell.outcomes.add(Outcome::RateLimited, 5);
        let all = measure(&cell, &[Outcome::Status5xx], None, 0.999).unwrap();
        assert_eq!((all.value, all.count), (0.05, 100));
        let to = [Outcome::Status5xx, Outcome::RateLimited];
        let some = measure(&cell, &[Outcome::Status5xx], Some(&to), 0.999).unwrap();
        assert_eq!((some.value, some.count), (0.5, 10));
        assert!(some.lower < 0.5 && some.upper > 0.5);
    }

    #[test]
    fn a_heartbeat_is_no_evidence() {
        assert_eq!(measure(&Cell::default(), &[Outcome::Timeout], None, 0.999), None);
    }
}
