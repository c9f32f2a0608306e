//! Backtests: rules replayed over what really happened, by the code that judges live.
//!
//! A [`History`] says what became known when, in chunks: a [`recording`] of pushed items, or what is
//! [`stored`]. One thread reads and checks it, others judge, each its share of the rules, and one puts
//! together what they found ([`judging`]); between them wait a few chunks, so the memory is that of the
//! rules' windows, however long the history is. [`report`] prints what was found.

mod batch;
pub(crate) mod compare;
mod history;
pub(crate) mod html;
pub(crate) mod jobs;
mod judging;
pub(crate) mod limits;
mod line;
pub(crate) mod posted;
pub(crate) mod recording;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod signals;
mod source;
pub(crate) mod stored;
pub(crate) mod suggest;
#[cfg(test)]
mod tests;
pub(crate) mod variant;

use std::collections::BTreeSet;

use plimsoll_alerting::{Action, ReplayedAlert, TransitionEvent};
use plimsoll_storage::{Label, Slot, SlotWidth, TimestampMs};

pub(crate) use history::{History, HistoryError, Told};
pub(crate) use judging::cores;
pub(crate) use source::Chunk;

/// Takes chunks of a source. Answers whether more are wanted.
pub(crate) type Take<'t> = dyn FnMut(Chunk) -> bool + 't;

/// Hears how far the reading is: the position, and lines or cells so far. Answers whether to go on.
pub(crate) type Watch<'w> = dyn Fn(u64, u64) -> bool + 'w;

/// What one rule set found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) alerts: Vec<ReplayedAlert>,
    /// Every change of state, when they were asked for.
    pub(crate) transitions: Vec<TransitionEvent>,
}

/// When someone was told that an alert began; what several receivers are told at once is one moment.
pub(crate) fn begins(alert: &ReplayedAlert) -> Vec<TimestampMs> {
    let began = alert.notifications.iter().filter(|one| one.action == Action::Trigger);
    let mut moments: Vec<TimestampMs> = began.map(|one| one.at).collect();
    moments.dedup();
    moments
}

/// What was there to be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// First and last slot of which anything is known.
    pub(crate) slots: Option<(Slot, Slot)>,
    pub(crate) partners: BTreeSet<String>,
}

impl Seen {
    /// What is told of: from the first slot, or the time asked for, to the end of the last.
    pub(crate) fn span(
        &self,
        width: SlotWidth,
        from: Option<TimestampMs>,
    ) -> (TimestampMs, TimestampMs) {
        let (first, last) = self.slots.unwrap_or((Slot(0), Slot(0)));
        (from.unwrap_or_else(|| width.start(first)), width.end(last))
    }

    fn note(&mut self, chunk: &Chunk) {
        let partners = chunk.new_streams.iter().map(|key| key.as_ref().labels);
        self.partners.extend(partners.map(|labels| labels[Label::Partner as usize].to_owned()));
        for arrival in &chunk.arrivals {
            let (first, last) = self.slots.unwrap_or((arrival.slot, arrival.slot));
            self.slots = Some((first.min(arrival.slot), last.max(arrival.slot)));
        }
    }
}
