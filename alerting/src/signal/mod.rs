//! From data to evidence: one file a signal. A signal answers a value with bounds, or nothing when
//! there is nothing to judge.

mod freshness;
pub(crate) mod latency;
mod ratio;

use std::ops::Range;

use plimsoll_storage::{Slot, Store, StreamId};

use crate::error::Result;
use crate::evidence::{Evidence, Measured};
use crate::rule::{Rule, Signal};

/// Judges one group of streams at the end of `slot`; `None` when there is no data to judge.
///
/// # Errors
/// When the data cannot be read.
pub fn measure(
    store: &Store,
    rule: &Rule,
    streams: &[StreamId],
    slot: Slot,
) -> Result<Option<Evidence>> {
    let measured = match &rule.signal {
        Signal::Ratio { of, to, .. } => {
            let cell = plimsoll_query::fold(store, streams, window(store, rule, slot))?;
            ratio::measure(&cell, of, to.as_deref(), rule.confidence)
        }
        Signal::Latency { q, .. } => {
            let cell = plimsoll_query::fold(store, streams, window(store, rule, slot))?;
            latency::measure(&cell.durations, *q, rule.confidence)
        }
        Signal::Freshness { .. } => {
            let newest = plimsoll_query::newest_before(store, streams, slot.plus(1))?;
            newest.map(|last_at| freshness::measure(last_at, store.slot_width().end(slot)))
        }
        Signal::Drop { .. }
        | Signal::Absence { .. }
        | Signal::Gauge { .. }
        | Signal::Burn { .. }
        | Signal::Run { .. } => None,
    };
    Ok(measured.map(|measured: Measured| measured.judge(rule)))
}

/// The whole slots of the rule's window that ends with `slot`.
fn window(store: &Store, rule: &Rule, slot: Slot) -> Range<Slot> {
    let end = slot.plus(1);
    end.minus(store.slot_width().slots_in(rule.window_ms))..end
}
