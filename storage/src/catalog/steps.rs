//! Which streams send summaries of several slots.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::RandomState;

use crate::model::time::Slot;

/// Steps without a summary as long after which a stream no longer reports in such steps.
const STEPS_KEPT: u32 = 2;

/// How a stream reports that sends summaries of several slots.
#[derive(Debug)]
struct Reporting {
    /// Slots of a summary.
    step_slots: u32,
    /// The end of the newest summary.
    until: AtomicU32,
}

/// The streams that send summaries of several slots, by what identifies a stream.
#[derive(Debug)]
pub struct Steps<K> {
    reporting: HashMap<K, Reporting, RandomState>,
}

impl<K> Default for Steps<K> {
    fn default() -> Self {
        Self { reporting: HashMap::default() }
    }
}

impl<K: Eq + Hash> Steps<K> {
    /// How many slots a stream reports at once: 1 unless it sends longer summaries.
    #[must_use]
    pub fn slots(&self, id: &K) -> u32 {
        self.reporting.get(id).map_or(1, |reporting| reporting.step_slots)
    }

    /// Whether no stream reports several slots at once.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reporting.is_empty()
    }

    /// Notes a summary of `step_slots` that ends before `until`. A stream that has reported nothing so long
    /// for two steps reports in shorter steps from then on. Returns whether its step has changed.
    pub fn note(&mut self, id: K, step_slots: u32, until: Slot) -> bool {
        let known = self.slots(&id);
        if step_slots < known && !self.is_over(&id, until) {
            return false;
        }
        if step_slots == known {
            if let Some(reporting) = self.reporting.get(&id) {
                reporting.until.fetch_max(until.0, Ordering::Relaxed);
            }
            return false;
        }
        if step_slots > 1 {
            let until = AtomicU32::new(until.0);
            self.reporting.insert(id, Reporting { step_slots, until });
        } else {
            self.reporting.remove(&id);
        }
        true
    }

    /// Whether a stream has reported in long steps, but not lately, by a cell of `slot`.
    #[must_use]
    pub fn is_over(&self, id: &K, slot: Slot) -> bool {
        self.reporting.get(id).is_some_and(|reporting| {
            let until = Slot(reporting.until.load(Ordering::Relaxed));
            slot > until.plus(STEPS_KEPT.saturating_mul(reporting.step_slots))
        })
    }

    /// Removes a stream.
    pub(super) fn remove(&mut self, id: &K) {
        self.reporting.remove(id);
    }
}
