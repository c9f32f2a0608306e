//! Who speaks: alerts share messages, so that one trouble is one page.
//!
//! While anything of a group (such as a partner) is open, its first alert has the floor and the
//! others are folded into its message. An alert of another signal speaks up again when the last
//! message is older than a while, because it may be another trouble. Groups that begin to fail
//! together are a cascade: from the third on, or at once when they fail at the same time, they are folded
//! into the cascade's first message. A message ends when everything in it has ended.
//!
//! A new message waits for others to join it, shortly when one of them is critical; the worst of them
//! speaks, and nobody does when all have ended by then. When groups come or go later the message is
//! brought up to date, by the alert that spoke first and not too often.
//!
//! Pure: what happened in, what is to be said out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use bincode::{Decode, Encode};
use plimsoll_storage::{Label, TimestampMs};

use crate::labels::GroupLabels;
use crate::rule::{GroupingSettings, Severity, SignalKind};

/// How often a message that is open is brought up to date at most, in milliseconds.
const PAGE_UPDATE_EVERY_MS: i64 = 2 * 60_000;

/// What an alert is known by: the name of its rule and its labels.
pub(crate) type AlertKey = (String, GroupLabels);

/// An alert as the pager sees it after a slot.
#[derive(Debug, Clone)]
pub(crate) struct AlertInput {
    /// Which alert.
    pub(crate) key: AlertKey,
    /// End of the first slot in which its condition held.
    pub(crate) since: TimestampMs,
    /// What it measures.
    pub(crate) kind: SignalKind,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// Whether it has something to say now: open, severe enough, not muted.
    pub(crate) speaks: bool,
}

/// What an alert has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupChange {
    /// It begins.
    Trigger,
    /// Other groups are in its message now.
    Update,
    /// It ends.
    Resolve,
}

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupEvent {
    /// By which alert.
    pub(crate) key: AlertKey,
    /// End of the first slot in which its condition held.
    pub(crate) since: TimestampMs,
    /// What it says.
    pub(crate) word: GroupChange,
    /// Name of the group whose message it is.
    pub(crate) group: String,
}

/// Open messages and who is in them.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub(crate) struct Grouping {
    pages: Vec<NotificationGroup>,
}

/// One message and everything that is folded into it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct NotificationGroup {
    group: String,
    opened_at: TimestampMs,
    opened_by: SignalKind,
    told_at: TimestampMs,
    /// Signals that were told; none while it waits.
    told: Vec<SignalKind>,
    /// Something in it is critical, or was while it waited.
    is_urgent: bool,
    /// The groups that its last word named, and when that was.
    listed: BTreeSet<String>,
    listed_at: TimestampMs,
    /// Open alerts by the group they belong to.
    members: BTreeMap<String, BTreeSet<AlertKey>>,
    /// Alerts that spoke, whose end is told with that of the message.
    speakers: Vec<(AlertKey, TimestampMs)>,
}

impl Grouping {
    /// Takes what happened in a slot that ends `at`, and answers what is to be said, in order.
    /// Without `pages` each alert speaks for itself.
    pub(crate) fn hear(
        &mut self,
        pages: Option<&GroupingSettings>,
        at: TimestampMs,
        heard: &[AlertInput],
    ) -> Vec<GroupEvent> {
        let mut say = Vec::new();
        for alert in heard.iter().filter(|alert| !alert.speaks) {
            self.leave(&alert.key);
        }
        for alert in heard.iter().filter(|alert| alert.speaks) {
            say.extend(self.join(pages, at, alert));
        }
        let mut open: BTreeMap<&AlertKey, (usize, &AlertInput)> = BTreeMap::new();
        if self.pages.iter().any(NotificationGroup::waits) {
            let speaks = heard.iter().enumerate().filter(|(_, alert)| alert.speaks);
            open.extend(speaks.map(|(position, alert)| (&alert.key, (position, alert))));
        }
        for page in &mut self.pages {
            say.extend(page.speak_first(pages, at, &open));
            say.extend(page.change(at));
        }
        self.close(&mut say);
        say
    }

    /// Lets alerts go that are no longer watched; answers what ends with them.
    pub(crate) fn let_go(&mut self, gone: &[AlertKey]) -> Vec<GroupEvent> {
        let mut say = Vec::new();
        gone.iter().for_each(|key| self.leave(key));
        self.close(&mut say);
        say
    }

    /// Whether the alert is in a message that waits for others.
    pub(crate) fn waits(&self, key: &AlertKey) -> bool {
        let holds =
            |page: &NotificationGroup| page.members.values().any(|alerts| alerts.contains(key));
        self.pages.iter().any(|page| page.waits() && holds(page))
    }

    /// Whether the alert is in a message.
    pub(crate) fn holds(&self, key: &AlertKey) -> bool {
        self.pages.iter().any(|page| page.members.values().any(|alerts| alerts.contains(key)))
    }

    /// Whether the end of what this alert said is still to be told.
    pub(crate) fn owes(&self, key: &AlertKey) -> bool {
        self.group_of_speaker(key).is_some()
    }

    /// Name of the message that the alert spoke in.
    pub(crate) fn group_of_speaker(&self, key: &AlertKey) -> Option<&str> {
        let spoke =
            |page: &&NotificationGroup| page.speakers.iter().any(|(speaker, _)| speaker == key);
        self.pages.iter().find(spoke).map(|page| page.group.as_str())
    }

    /// Alerts that spoke and whose end is still to be told, each with the end of the first slot in which
    /// its condition held.
    pub(crate) fn speakers(&self) -> impl Iterator<Item = &(AlertKey, TimestampMs)> {
        self.pages.iter().flat_map(|page| &page.speakers)
    }

    /// Those of the message that the alert is in, or spoke in.
    pub(crate) fn speakers_with(&self, key: &AlertKey) -> &[(AlertKey, TimestampMs)] {
        let is_in = |page: &&NotificationGroup| {
            page.members.values().any(|alerts| alerts.contains(key))
                || page.speakers.iter().any(|(speaker, _)| speaker == key)
        };
        self.pages.iter().find(is_in).map_or(&[], |page| &page.speakers)
    }

    /// Labels of everything that is open in the message that the alert spoke in.
    pub(crate) fn sharing(&self, key: &AlertKey) -> BTreeSet<&GroupLabels> {
        let spoke =
            |page: &&NotificationGroup| page.speakers.iter().any(|(speaker, _)| speaker == key);
        let alerts = self.pages.iter().find(spoke).into_iter();
        let alerts = alerts.flat_map(|page| page.members.values().flatten());
        alerts.map(|(_, labels)| labels).collect()
    }

    fn join(
        &mut self,
        pages: Option<&GroupingSettings>,
        at: TimestampMs,
        alert: &AlertInput,
    ) -> Option<GroupEvent> {
        if let Some(page) = self.pages.iter_mut().find(|page| page.holds(&alert.key)) {
            page.is_urgent |= alert.severity == Severity::Critical;
            return None;
        }
        let is_urgent = alert.severity == Severity::Critical;
        let group = group_of(pages, &alert.key);
        let open = self.pages.iter_mut().find(|page| page.members.contains_key(&group));
        if let Some((page, pages)) = open.zip(pages) {
            page.members.entry(group).or_default().insert(alert.key.clone());
            page.is_urgent |= is_urgent;
            return page.speak_up(pages, at, alert);
        }
        if let Some(cascade) = pages.and_then(|pages| self.cascade(pages, at, &group, alert.kind)) {
            cascade.members.entry(group).or_default().insert(alert.key.clone());
            cascade.is_urgent |= is_urgent;
            return None;
        }
        self.pages.push(NotificationGroup {
            group: group.clone(),
            opened_at: at,
            opened_by: alert.kind,
            told_at: at,
            told: Vec::new(),
            is_urgent,
            listed: BTreeSet::new(),
            listed_at: at,
            members: BTreeMap::from([(group, BTreeSet::from([alert.key.clone()]))]),
            speakers: Vec::new(),
        });
        None
    }

    /// The message of a cascade that a group's alert belongs to: the oldest of those that opened with
    /// the same signal within the time, when they hold enough groups; or the one that opened just now or
    /// still waits.
    fn cascade(
        &mut self,
        pages: &GroupingSettings,
        at: TimestampMs,
        group: &str,
        kind: SignalKind,
    ) -> Option<&mut NotificationGroup> {
        let recent = |page: &&mut NotificationGroup| {
            page.opened_by == kind && at.since_ms(page.opened_at) <= pages.cascade_within_ms
        };
        let mut found: Vec<&mut NotificationGroup> = self.pages.iter_mut().filter(recent).collect();
        let groups: BTreeSet<&String> = found
            .iter()
            .flat_map(|page| page.members.keys())
            .filter(|held| *held != group)
            .collect();
        let enough = groups.len() + 1 >= pages.cascade_groups as usize;
        let at_once = |page: &&mut NotificationGroup| {
            page.waits() || at.since_ms(page.opened_at) <= pages.cascade_at_once_ms
        };
        let now = found.iter().position(at_once);
        let position = if enough { Some(0) } else { now }?;
        (position < found.len()).then(|| found.swap_remove(position))
    }

    fn leave(&mut self, key: &AlertKey) {
        for page in &mut self.pages {
            for alerts in page.members.values_mut() {
                alerts.remove(key);
            }
            page.members.retain(|_, alerts| !alerts.is_empty());
        }
    }

    /// Ends the messages that nothing is left of.
    fn close(&mut self, say: &mut Vec<GroupEvent>) {
        for page in self.pages.extract_if(.., |page| page.members.is_empty()) {
            let group = &page.group;
            let ends = page.speakers.into_iter();
            say.extend(ends.map(|(key, since)| GroupEvent {
                key,
                since,
                word: GroupChange::Resolve,
                group: group.clone(),
            }));
        }
    }
}

impl NotificationGroup {
    /// Nothing was said yet.
    const fn waits(&self) -> bool {
        self.speakers.is_empty()
    }

    fn holds(&self, key: &AlertKey) -> bool {
        self.members.values().any(|alerts| alerts.contains(key))
    }

    /// The first word, once it has waited for long enough: of the worst that is open, of several the one
    /// that began first, and then the first heard.
    fn speak_first(
        &mut self,
        pages: Option<&GroupingSettings>,
        at: TimestampMs,
        open: &BTreeMap<&AlertKey, (usize, &AlertInput)>,
    ) -> Option<GroupEvent> {
        let wait_ms = pages.map_or(0, |pages| pages.wait_ms(self.is_urgent));
        if !self.waits() || at.since_ms(self.opened_at) < wait_ms {
            return None;
        }
        let members = self.members.values().flatten().filter_map(|key| open.get(key));
        let worst = |(position, alert): &&(usize, &AlertInput)| {
            (Reverse(alert.severity), alert.since, *position)
        };
        let (_, first) = members.min_by_key(worst)?;
        (self.told_at, self.listed_at) = (at, at);
        self.told = vec![first.kind];
        self.listed = self.members.keys().cloned().collect();
        self.speakers = vec![(first.key.clone(), first.since)];
        let (key, since) = (first.key.clone(), first.since);
        Some(GroupEvent { key, since, word: GroupChange::Trigger, group: self.group.clone() })
    }

    /// Brings the message up to date when other groups are in it than it named.
    fn change(&mut self, at: TimestampMs) -> Option<GroupEvent> {
        let is_soon = at.since_ms(self.listed_at) < PAGE_UPDATE_EVERY_MS;
        if is_soon || self.members.is_empty() || self.members.keys().eq(&self.listed) {
            return None;
        }
        let (key, since) = self.speakers.first()?.clone();
        self.listed = self.members.keys().cloned().collect();
        self.listed_at = at;
        Some(GroupEvent { key, since, word: GroupChange::Update, group: self.group.clone() })
    }

    fn speak_up(
        &mut self,
        pages: &GroupingSettings,
        at: TimestampMs,
        alert: &AlertInput,
    ) -> Option<GroupEvent> {
        let again = at.since_ms(self.told_at) >= pages.again_after_ms;
        if self.waits() || !again || self.told.contains(&alert.kind) {
            return None;
        }
        self.told.push(alert.kind);
        self.told_at = at;
        let speaker = (alert.key.clone(), alert.since);
        if !self.speakers.contains(&speaker) {
            self.speakers.push(speaker);
        }
        let (key, since) = (alert.key.clone(), alert.since);
        Some(GroupEvent { key, since, word: GroupChange::Trigger, group: self.group.clone() })
    }
}

/// Name of the group whose message an alert shares: its labels among `by`, or all of its own.
fn group_of(pages: Option<&GroupingSettings>, (rule, labels): &AlertKey) -> String {
    let name = |label: Label, value: &str| format!("{}={value}", label.as_str());
    let named: Vec<String> = match pages {
        Some(pages) => {
            let held = pages.by.iter().filter_map(|label| Some(name(*label, labels.get(*label)?)));
            held.collect()
        }
        None => labels.iter().map(|(label, value)| name(label, value)).collect(),
    };
    if pages.is_some() && !named.is_empty() {
        named.join(",")
    } else {
        format!("{rule}:{}", named.join(","))
    }
}

#[cfg(test)]
mod tests;
