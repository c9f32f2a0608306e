//! Ratios of outcome classes and burn rates over one window.

use plimsoll_storage::{Cell, Outcome};

use crate::engine::bound;
use crate::engine::evidence::Measured;
use crate::engine::sensor::context::{SensorContext, lowest_threshold};
use crate::engine::sensor::reading::Reading;
use crate::engine::sensor::window::Counts;
use crate::rule::{Rule, Signal};

/// A burn rate must hold in this part of its window as well, so that the alert resolves when the burning
/// stops.
pub(in crate::engine) const BURN_SHORT_PART: u32 = 12;

/// The classes that are counted, and those they are compared with; `None` for all classes.
pub(super) fn counted_classes(rule: &Rule) -> (&[Outcome], Option<&[Outcome]>) {
    match &rule.signal {
        Signal::Ratio { of, to, .. } => (of, to.as_deref()),
        Signal::Burn { of, .. } => (of, None),
        _ => (&[], None),
    }
}

/// How many items of a cell are bad for a rule, and how many they are compared with.
pub(super) fn counts(rule: &Rule, cell: &Cell) -> (u64, u64) {
    let (of, to) = counted_classes(rule);
    let all = to.map_or_else(|| cell.outcomes.total(), |to| cell.outcomes.sum_of(to));
    (cell.outcomes.sum_of(of), all)
}

/// The reading of the newest window.
pub(super) fn reading(context: &SensorContext<'_>, counts: &Counts) -> Reading {
    let SensorContext { rule, end, at_rest, .. } = *context;
    let (bad, all) = counts.sum(context.window_start(), end.slot);
    if all == 0 {
        return Reading::NoData;
    }
    let limit = bound::evidence_limit(rule.confidence);
    let allowed = match &rule.signal {
        Signal::Burn { objective, .. } => 1.0 - objective,
        _ => 1.0,
    };
    if at_rest && bound::fraction(bad, all) <= lowest_threshold(rule) * allowed {
        return Reading::Quiet;
    }
    let measured = |(bad, all)| Measured {
        value: bound::fraction(bad, all) / allowed,
        count: all,
        lower: bound::lower(bad, all, limit) / allowed,
        upper: bound::upper(bad, all, limit) / allowed,
    };
    let long = measured((bad, all));
    if !matches!(rule.signal, Signal::Burn { .. }) {
        return Reading::of(long.evaluate(rule));
    }
    let slots = end.width.slots_in(rule.window_ms / i64::from(BURN_SHORT_PART));
    let short = measured(counts.sum(end.slot.plus(1).minus(slots), end.slot));
    let slower = if short.lower < long.lower { short } else { long };
    Reading::of(slower.evaluate(rule))
}
