//! Explanations across a step of the clock. What is stored does not say which cells arrived before it, and no
//! slot is missing where time was skipped. So whether an alert is open is taken from the record there.

use plimsoll_storage::{Slot, SlotWidth, Store, TimestampMs};

use crate::engine::{AlertState, ClockStep, Firing};
use crate::error::Result;
use crate::explain::ExplainedSlot;
use crate::message::units::rfc3339;
use crate::records::alerts::Alert;
use crate::records::checkpoint;

/// The slots that a step of the clock affects, of an explanation.
pub(super) struct AffectedSlots {
    step: Option<ClockStep>,
    /// The first slot that is computed.
    first: Slot,
    /// The newest slot that is evaluated now.
    newest: Slot,
}

impl AffectedSlots {
    pub(super) fn load(store: &Store, (first, newest): (Slot, Slot)) -> Result<Self> {
        Ok(Self { step: checkpoint::CLOCK_STEP.load(store)?, first, newest })
    }

    /// The step, when it affects a slot.
    fn step(&self, slot: Slot) -> Option<ClockStep> {
        self.step.filter(|step| {
            let is_after = slot >= step.first.min(step.shown.plus(1));
            // Until a slot is evaluated at the new time, what is open now is what was open at the step.
            let is_now = slot == self.newest && slot < step.first;
            is_now || is_after && (self.first < step.first || slot <= step.shown)
        })
    }

    /// Corrects what was computed of a slot by the alerts of the group on record.
    pub(super) fn correct(
        &self,
        slot: Slot,
        computed: ExplainedSlot,
        records: &[Alert],
    ) -> ExplainedSlot {
        let Some(step) = self.step(slot) else { return computed };
        let is_repeated = slot <= step.shown;
        let is_of_pass = |alert: &Alert| !is_repeated || step.is_marked(alert.pending_at);
        let state = match (open_at(records, computed.t, is_of_pass), computed.state) {
            (Some(alert), computed) => AlertState::Firing(recorded(alert, computed)),
            (None, AlertState::Firing(_)) => AlertState::Inactive,
            (None, state) => state,
        };
        let transition = computed.transition.filter(|_| state == computed.state);
        ExplainedSlot { state, transition, ..computed }
    }

    /// What is added to the words about a slot.
    pub(super) fn words(&self, at: TimestampMs, width: SlotWidth) -> String {
        self.step(width.slot_of(at.plus_ms(-1))).map_or_else(String::new, |step| {
            let start = rfc3339(width.start(step.first));
            format!(
                " The clock was set to {start}, so the values may differ from those that were evaluated; \
                 whether an alert is open is as recorded."
            )
        })
    }
}

/// The alert that is open at a time. One that is still open may have fired when the clock was later; one that
/// has ended may be of an earlier pass of the clock over the same time.
fn open_at(
    records: &[Alert],
    at: TimestampMs,
    is_of_pass: impl Fn(&Alert) -> bool,
) -> Option<&Alert> {
    records.iter().find(|alert| match alert.resolved_at {
        Some(resolved_at) => (alert.fired_at..resolved_at).contains(&at) && is_of_pass(alert),
        None => true,
    })
}

/// The state of an open alert on record; its timers are those that were computed.
fn recorded(alert: &Alert, computed: AlertState) -> Firing {
    let (clear_since, moved_since) = match computed {
        AlertState::Firing(firing) => (firing.clear_since, firing.moved_since),
        AlertState::Inactive | AlertState::Pending { .. } => (None, None),
    };
    let Alert { pending_at: since, fired_at, severity, .. } = *alert;
    Firing { since, fired_at, severity, clear_since, moved_since }
}
