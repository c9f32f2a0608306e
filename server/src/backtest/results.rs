//! What a replay found.

use std::collections::BTreeSet;

use plimsoll_alerting::{Action, ReplayedAlert, TransitionEvent};
use plimsoll_storage::{Label, Slot, SlotWidth, TimestampMs};

use super::history::Chunk;

/// What one rule set found.
#[derive(Debug, Default)]
pub(crate) struct ReplayResult {
    /// In the order of firing.
    pub(crate) alerts: Vec<ReplayedAlert>,
    /// Every change of state, if they were requested.
    pub(crate) transitions: Vec<TransitionEvent>,
}

/// When receivers were notified that an alert fired; the notifications of several receivers at one time count
/// once.
pub(crate) fn trigger_times(alert: &ReplayedAlert) -> Vec<TimestampMs> {
    let triggers = alert.notifications.iter().filter(|one| one.action == Action::Trigger);
    let mut times: Vec<TimestampMs> = triggers.map(|one| one.at).collect();
    times.dedup();
    times
}

/// Which part of time and which partners a replay covered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReplayedScope {
    /// The first and the last slot with data.
    pub(crate) slots: Option<(Slot, Slot)>,
    pub(crate) partners: BTreeSet<String>,
}

impl ReplayedScope {
    /// The time that results are about: from the first slot, or `from`, to the end of the last slot.
    pub(crate) fn span(
        &self,
        width: SlotWidth,
        from: Option<TimestampMs>,
    ) -> (TimestampMs, TimestampMs) {
        let (first, last) = self.slots.unwrap_or((Slot(0), Slot(0)));
        (from.unwrap_or_else(|| width.start(first)), width.end(last))
    }

    /// Adds the slots and partners of a chunk.
    pub(super) fn add(&mut self, chunk: &Chunk) {
        let partners = chunk.new_streams.iter().map(|key| key.as_ref().labels);
        self.partners.extend(partners.map(|labels| labels[Label::Partner as usize].to_owned()));
        for arrival in &chunk.arrivals {
            let (first, last) = self.slots.unwrap_or((arrival.slot, arrival.slot));
            self.slots = Some((first.min(arrival.slot), last.max(arrival.slot)));
        }
    }
}
