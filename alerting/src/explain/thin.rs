//! Which slots of a long explanation are shown.

use crate::explain::ExplainedSlot;

/// Slots of a group in an explanation, beside those that changed something.
const EXPLAIN_SLOTS_MAX: usize = 360;

/// As many slots as are shown at most: those that changed something, and others evenly.
pub(super) fn thinned(slots: Vec<ExplainedSlot>) -> Vec<ExplainedSlot> {
    let each = slots.len().div_ceil(EXPLAIN_SLOTS_MAX).max(1);
    let last = slots.len().saturating_sub(1);
    let kept = slots.into_iter().enumerate().filter(|(position, slot)| {
        slot.transition.is_some() || (last - position).is_multiple_of(each)
    });
    kept.map(|(_, slot)| slot).collect()
}
