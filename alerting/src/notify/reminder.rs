//! Reminders: a silence that is about to end, and still holds something back, says so to those who would
//! have been told, so that it can be made longer or what it hides be looked at. When it has ended, so has
//! the reminder; what it held back is told then.
//!
//! Pure: silences and what they hold back in, what is to be told out. Reminders that are open are kept in
//! the commit that tells of them.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;

use crate::message::units;
use crate::notify::grouping::AlertKey;
use crate::records::alerts::{Alert, NOTICE_PREFIX};
use crate::records::delivery::Action;
use crate::records::silence::Silence;
use crate::rule::{Receiver, RuleSet};

/// Alerts that such a reminder names.
const REMINDER_ALERTS_MAX: usize = 5;

/// Reminders that are open, by the id of their silence.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub(crate) struct Reminders {
    open: BTreeMap<String, Alert>,
}

impl Reminders {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes what silences hold back in a slot that ends `at`, and answers what is to be told now, as
    /// notices to the receivers they name.
    pub(crate) fn follow(
        &mut self,
        rules: &RuleSet,
        silences: &[Silence],
        held_back: &[&AlertKey],
        at: TimestampMs,
    ) -> Vec<(Action, Alert)> {
        let mut told = Vec::new();
        for (id, notice) in &self.open {
            let silence = silences.iter().find(|silence| silence.id == *id);
            if silence.is_none_or(|silence| at >= silence.period.end) {
                let symptom = format!("{}: it has ended", notice.symptom);
                told.push((Action::Resolve, Alert { symptom, ..notice.clone() }));
            }
        }
        let goes_on = |id: &String| silences.iter().any(|it| it.id == *id && at < it.period.end);
        self.open.retain(|id, _| goes_on(id));
        for silence in silences.iter().filter(|silence| silence.ends_soon(at)) {
            if self.open.contains_key(&silence.id) {
                continue;
            }
            if let Some(notice) = notice(rules, silence, held_back, at) {
                self.open.insert(silence.id.clone(), notice.clone());
                told.push((Action::Trigger, notice));
            }
        }
        told
    }
}

/// What a silence that is about to end has to say, when it holds something back.
fn notice(
    rules: &RuleSet,
    silence: &Silence,
    held_back: &[&AlertKey],
    at: TimestampMs,
) -> Option<Alert> {
    let covered = |(name, labels): &&AlertKey| {
        let rule = rules.rule(name);
        rule.is_some_and(|rule| silence.covers(name, &rule.known_labels(labels), at))
    };
    let covered: Vec<&AlertKey> = held_back.iter().copied().filter(covered).collect();
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
        units::rfc3339(silence.period.end),
        named.join(", "),
    );
    let mut notice = Alert::notice(format!("{NOTICE_PREFIX}silence:{}", silence.id), line, at);
    notice.owner.clone_from(&silence.author);
    let would_be_told = |receiver: &&Receiver| {
        let mut rules = covered.iter().filter_map(|(rule, _)| rules.rule(rule));
        rules.any(|rule| rule.notify.contains(&receiver.name))
    };
    notice.tell(rules.receivers.iter().filter(would_be_told), true, at);
    Some(notice)
}

#[cfg(test)]
mod tests;
