//! Streams that the rules file expects of partners: rules about ages watch them before the first cell, and
//! count the age of what never came from when they began to expect it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_storage::{Label, TimestampMs};

use crate::engine::{Engine, Watch};
use crate::labels::GroupLabels;

/// A partner and a stream that is expected of it, and since when, by rules that watch it.
pub(crate) type ExpectedSince = BTreeMap<(String, String), TimestampMs>;

impl Engine {
    /// Counts the ages of expected streams of which nothing is known: from the time in `known`, or from
    /// `from` when they are not in it. Returns all that are expected, with these times. To be called when
    /// the past is known and before the first slot is evaluated.
    pub(crate) fn expect(&mut self, known: &ExpectedSince, from: TimestampMs) -> ExpectedSince {
        let mut expected = ExpectedSince::new();
        let rules = Arc::clone(&self.rules);
        for partner in &rules.partners {
            for watch in 0..self.watches.len() {
                let Watch { rule, place, .. } = &self.watches[watch];
                let rule = &rules.rules[*rule];
                let stream = rule.signal.stream();
                let is_expected = partner.expects.iter().any(|it| it == stream);
                let by_partner = self.scopes.get(place.scope).by == [Label::Partner];
                let is_watched = rule.signal.kind().is_age() && rule.watches_partner(&partner.name);
                if by_partner && is_expected && is_watched {
                    let key = (partner.name.clone(), stream.to_owned());
                    let since = known.get(&key).copied().unwrap_or(from);
                    expected.insert(key, since);
                    let labels = GroupLabels::new([(Label::Partner, partner.name.clone())]);
                    self.expect_from(watch, labels, since);
                }
            }
        }
        expected
    }
}
