//! New streams of batches that are not written yet. They count like those of the catalog, so that batches
//! that are built at the same time keep the limits together, and the writer need not refuse any of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;

use super::shares::{Demand, NewPartners, Shares};
use super::streams::Catalog;
use crate::error::StreamLimit;
use crate::limits::GUARANTEED_STREAMS;
use crate::model::labels::Label;
use crate::model::stream::StreamRef;

/// Decides about new streams.
#[derive(Debug)]
pub(crate) struct Pending {
    shares: Shares,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: Counts,
    new_partners: NewPartners,
    /// The partners that the rules file names.
    named: BTreeSet<String>,
    rejected: u64,
}

type CountByText = HashMap<String, usize, RandomState>;

/// How many streams are pending.
#[derive(Debug, Default)]
struct Counts {
    partners: CountByText,
    names: CountByText,
    /// Streams beyond what is guaranteed.
    shared: usize,
    /// Partners that the catalog did not have.
    new_partners: usize,
}

impl Pending {
    /// Without pending streams.
    pub(crate) fn new(shares: Shares) -> Self {
        Self { shares, state: Mutex::default() }
    }

    /// The limits.
    pub(crate) const fn shares(&self) -> Shares {
        self.shares
    }

    /// Sets the partners that the rules file names.
    pub(crate) fn name_partners(&self, partners: BTreeSet<String>) {
        self.state.lock().named = partners;
    }

    /// Whether a new partner was not taken within the hour before `now`.
    pub(crate) fn are_partners_refused(&self, now: Instant) -> bool {
        self.state.lock().new_partners.are_refused(now)
    }

    /// How many new streams were rejected so far; a stream counts each time it is sent.
    pub(crate) fn rejected(&self) -> u64 {
        self.state.lock().rejected
    }
}

/// The pending streams of one batch. They stop being pending when it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    pending: Arc<Pending>,
    counts: Counts,
}

impl Reservation {
    /// Without streams.
    pub(crate) fn new(pending: &Arc<Pending>) -> Self {
        Self { pending: Arc::clone(pending), counts: Counts::default() }
    }

    /// Reserves a new stream.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn reserve(
        &mut self,
        catalog: &Catalog,
        stream: StreamRef<'_>,
        now: Instant,
    ) -> Result<(), StreamLimit> {
        let Self { pending, counts: own } = self;
        let State { counts, new_partners, named, rejected } = &mut *pending.state.lock();
        let (partner, name) = (stream.labels[Label::Partner as usize], stream.name);
        let pending_of = |counts: &CountByText, key: &str| counts.get(key).copied().unwrap_or(0);
        let of_catalog = catalog.count_with(Label::Partner, partner);
        let demand = Demand {
            partner,
            name,
            of_partner: of_catalog + pending_of(&counts.partners, partner),
            of_name: catalog.count_named(name) + pending_of(&counts.names, name),
            shared: catalog.shared() + counts.shared,
            partners: catalog.partners() + counts.new_partners,
            is_named: named.contains(partner),
            most: catalog.most_values(),
        };
        let checked = pending.shares.check(demand, new_partners, now);
        *rejected += u64::from(checked.is_err());
        checked?;
        let is_shared = usize::from(demand.of_partner >= GUARANTEED_STREAMS);
        let is_new = usize::from(demand.of_partner == 0);
        for counts in [counts, own] {
            *counts.partners.entry_ref(partner).or_default() += 1;
            *counts.names.entry_ref(name).or_default() += 1;
            counts.shared += is_shared;
            counts.new_partners += is_new;
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.counts.partners.is_empty() {
            return;
        }
        let State { counts, .. } = &mut *self.pending.state.lock();
        release(&mut counts.partners, &self.counts.partners);
        release(&mut counts.names, &self.counts.names);
        counts.shared -= self.counts.shared;
        counts.new_partners -= self.counts.new_partners;
    }
}

fn release(held: &mut CountByText, released: &CountByText) {
    for (key, count) in released {
        if let Some(left) = held.get_mut(key) {
            *left = left.saturating_sub(*count);
            if *left == 0 {
                held.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
