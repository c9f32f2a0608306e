//! Reminders: a silence that is about to end and still mutes an alert is announced to the receivers that
//! would be notified, so that it can be extended or the alert be looked at. The reminder is resolved when
//! the silence ends; its alerts are notified then.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;

use crate::notify::grouping::AlertKeyRef;
use crate::records::alerts::{Alert, NOTICE_PREFIX};
use crate::records::delivery::Action;
use crate::records::silence::Silence;
use crate::rule::{Receiver, RuleSet};
use crate::text::time::rfc3339;

/// Alerts that a reminder names.
const REMINDER_ALERTS_MAX: usize = 5;

/// The reminders that are open, by the id of their silence. They are stored in the commit that notifies of
/// them.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub(crate) struct Reminders {
    open: BTreeMap<String, Alert>,
}

impl Reminders {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes the alerts that silences mute in a slot that ends `at`, and returns the notices that are due,
    /// each with its receivers.
    pub(crate) fn update(
        &mut self,
        rules: &RuleSet,
        silences: &[Silence],
        silenced: &[AlertKeyRef<'_>],
        at: TimestampMs,
    ) -> Vec<(Action, Alert)> {
        let is_active = |id: &String| silences.iter().any(|it| it.id == *id && at < it.period.end);
        let mut notices = Vec::new();
        for (_, notice) in self.open.extract_if(.., |id, _| !is_active(id)) {
            let symptom = format!("{}: it has ended", notice.symptom);
            notices.push((Action::Resolve, Alert { symptom, ..notice }));
        }
        for silence in silences.iter().filter(|silence| silence.ends_soon(at)) {
            // Who ends a silence knows what it mutes.
            if self.open.contains_key(&silence.id) || silence.was_ended() {
                continue;
            }
            if let Some(notice) = notice(rules, silence, silenced, at) {
                self.open.insert(silence.id.clone(), notice.clone());
                notices.push((Action::Trigger, notice));
            }
        }
        notices
    }
}

/// The reminder of a silence; `None` when it mutes nothing.
fn notice(
    rules: &RuleSet,
    silence: &Silence,
    silenced: &[AlertKeyRef<'_>],
    at: TimestampMs,
) -> Option<Alert> {
    let is_covered = |(name, labels): &AlertKeyRef<'_>| {
        let rule = rules.rule(name);
        rule.is_some_and(|rule| silence.covers(name, &rule.known_labels(labels), at))
    };
    let covered: Vec<AlertKeyRef<'_>> = silenced.iter().copied().filter(is_covered).collect();
    let named = covered.iter().take(REMINDER_ALERTS_MAX);
    let named: Vec<String> =
        named.map(|(rule, labels)| format!("{rule} of {}", labels.title())).collect();
    if named.is_empty() {
        return None;
    }
    let more = covered.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let line = format!(
        "The silence of {} by {} ({}) ends at {} and still holds back: {}{more}",
        silence.scope(),
        silence.author,
        silence.reason,
        rfc3339(silence.period.end),
        named.join(", "),
    );
    let mut notice = Alert::notice(format!("{NOTICE_PREFIX}silence:{}", silence.id), line, at);
    notice.owner.clone_from(&silence.author);
    let is_notified = |receiver: &&Receiver| {
        let mut rules = covered.iter().filter_map(|(rule, _)| rules.rule(rule));
        rules.any(|rule| rule.notify.contains(&receiver.name))
    };
    notice.notify.add_receivers(rules.receivers.iter().filter(is_notified), true, at);
    Some(notice)
}

#[cfg(test)]
mod tests;
