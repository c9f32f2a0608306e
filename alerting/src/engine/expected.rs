//! Streams that the rules file expects of partners: rules about ages watch them before the first cell, and
//! count the age of what never came from when they began to expect it.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_query::StreamAge;
use plimsoll_storage::{Label, TimestampMs};

use crate::engine::{AlertState, Engine, Watch};
use crate::labels::GroupLabels;

/// A partner and a stream that is expected of it, and since when, by rules that watch it.
pub(crate) type ExpectedSince = BTreeMap<(String, String), TimestampMs>;

/// The age of each expected stream, by partner and name, as the rules that watch it evaluate it.
pub type ExpectedAges = BTreeMap<(String, String), StreamAge>;

impl Engine {
    /// Counts the ages of expected streams of which nothing is known: from the time in `known`, or from
    /// `from` when they are not in it. Returns all that are expected, with these times. To be called when
    /// the past is known and before the first slot is evaluated.
    pub(crate) fn expect(&mut self, known: &ExpectedSince, from: TimestampMs) -> ExpectedSince {
        let mut expected = ExpectedSince::new();
        for (watch, key) in self.expecting_watches() {
            let since = known.get(&key).copied().unwrap_or(from);
            let labels = GroupLabels::new([(Label::Partner, key.0.clone())]);
            expected.insert(key, since);
            if let Some(sensor) = self.due_sensor(watch, labels) {
                sensor.expect_from(since);
            }
        }
        expected
    }

    /// The ages of expected streams at the end of the last evaluated slot. Of several rules the one decides
    /// that finds the stream silent, or else the one with the lowest limit.
    pub(crate) fn expected_ages(&mut self) -> ExpectedAges {
        let mut ages = ExpectedAges::new();
        let Some(slot) = self.evaluated else { return ages };
        for (watch, key) in self.expecting_watches() {
            let labels = GroupLabels::new([(Label::Partner, key.0.clone())]);
            let rule = self.rules.rules[self.watches[watch].rule].name.clone();
            let Some((evidence, _)) = self.compute_evidence(&rule, &labels, slot) else { continue };
            let group = self.scopes.get(self.watches[watch].place.scope).number(&labels);
            let state = group.map(|group| self.watches[watch].group_state(group).state());
            let is_open = matches!(state, Some(AlertState::Firing(_)));
            let age = StreamAge {
                age_ms: (evidence.value * 1e3) as i64,
                limit_ms: (evidence.threshold * 1e3) as i64,
                is_silent: is_open || evidence.reached.is_some(),
            };
            let held = ages.entry(key).or_insert(age);
            let is_worse = (age.is_silent, -age.limit_ms) > (held.is_silent, -held.limit_ms);
            if is_worse {
                *held = age;
            }
        }
        ages
    }

    /// The watches of rules about ages that group by partner, once for each partner of which they watch an
    /// expected stream.
    fn expecting_watches(&self) -> Vec<(usize, (String, String))> {
        let rules = Arc::clone(&self.rules);
        let mut found = Vec::new();
        for (watch, Watch { rule, place, .. }) in self.watches.iter().enumerate() {
            let rule = &rules.rules[*rule];
            let by_partner = self.scopes.get(place.scope).by == [Label::Partner];
            if !by_partner || !rule.signal.kind().is_age() {
                continue;
            }
            let stream = rule.signal.stream();
            let expects = rules.partners.iter().filter(|partner| {
                partner.expects.iter().any(|it| it == stream) && rule.watches_all_of(&partner.name)
            });
            found.extend(expects.map(|it| (watch, (it.name.clone(), stream.to_owned()))));
        }
        found
    }
}
