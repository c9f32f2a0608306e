//! The partners query: every partner that ever reported.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, LabelMatchers, Store, StreamKind, TimestampMs};

use crate::select::with_keys;

/// A partner that ever reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartnerActivity {
    /// Its name.
    pub name: String,
    /// The names of its activity streams, sorted.
    pub streams: BTreeSet<String>,
    /// How many activity streams it has: one for each name and combination of labels.
    pub series: u64,
    /// Its newest event time; `None` when it sent only heartbeats.
    pub last_at: Option<TimestampMs>,
}

/// Every partner with an activity stream, sorted by name.
#[must_use]
pub fn partners(store: &Store, labels: &LabelMatchers) -> Vec<PartnerActivity> {
    let mut found: BTreeMap<String, PartnerActivity> = BTreeMap::new();
    for (stream, key) in with_keys(store, store.select(StreamKind::Activity, None, labels)) {
        let name = key.label(Label::Partner).to_owned();
        let partner = found
            .entry(name.clone())
            .or_insert(PartnerActivity { name, ..PartnerActivity::default() });
        partner.streams.insert(key.name.into());
        partner.series += 1;
        partner.last_at = partner.last_at.max(store.last_seen(stream));
    }
    found.into_values().collect()
}
