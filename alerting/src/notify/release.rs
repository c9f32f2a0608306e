//! Releases: one that is reported for the first time is told as a change, to receivers that ask for it,
//! so that whoever is paged sees what was rolled out before.
//!
//! What is known is kept in the commit that tells of it, so a release is news once.

use std::collections::BTreeSet;

use bincode::{Decode, Encode};
use plimsoll_query::Selector;
use plimsoll_storage::{Label, LabelMatchers, Store, StreamKind, TimestampMs};

use crate::labels::SANDBOX;
use crate::message::units;
use crate::records::alerts::{Alert, NOTICE_PREFIX};
use crate::rule::{Receiver, RuleSet};

/// Partners that are named as those who report a new release.
const RELEASE_PARTNERS_MAX: usize = 5;

/// Releases that have been reported.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub(crate) struct Releases {
    /// `None` while nobody asks for changes: what is there when someone begins to is no news.
    known: Option<BTreeSet<String>>,
}

impl Releases {
    /// Looks what is reported now, and answers what is new, as notices to those who ask for changes.
    pub(crate) fn follow(&mut self, rules: &RuleSet, store: &Store, at: TimestampMs) -> Vec<Alert> {
        if !rules.receivers.iter().any(|receiver| receiver.takes_changes) {
            self.known = None;
            return Vec::new();
        }
        let reported = store.label_values(Label::Release);
        let Some(known) = &mut self.known else {
            self.known = Some(reported.into_iter().collect());
            return Vec::new();
        };
        let mut news = Vec::new();
        for release in reported.into_iter().filter(|it| !it.is_empty()) {
            if known.contains(&release) {
                continue;
            }
            // A drill's release may still be rolled out for real.
            if let Some(users) = Users::of(store, &release) {
                news.push(notice(&release, &users, &rules.receivers, at));
                known.insert(release);
            }
        }
        news
    }
}

/// Who reports a release.
#[derive(Debug, PartialEq, Eq)]
struct Users {
    partners: BTreeSet<String>,
    environments: BTreeSet<String>,
}

impl Users {
    /// Those outside the sandbox; `None` when there are none.
    fn of(store: &Store, release: &str) -> Option<Self> {
        let labels = LabelMatchers::any_of(Label::Release, [release.to_owned()]);
        let selector = Selector { kind: StreamKind::Activity, stream: None, labels };
        let mut users = Self { partners: BTreeSet::new(), environments: BTreeSet::new() };
        for stream in selector.streams(store) {
            let labels = store.stream_labels(stream, &[Label::Partner, Label::Environment]);
            if let [partner, environment] = &labels[..]
                && environment != SANDBOX
            {
                users.partners.insert(partner.clone());
                users.environments.insert(environment.clone());
            }
        }
        (!users.partners.is_empty()).then_some(users)
    }
}

fn notice(release: &str, users: &Users, receivers: &[Receiver], at: TimestampMs) -> Alert {
    let named = users.partners.iter().take(RELEASE_PARTNERS_MAX).cloned();
    let named: Vec<String> = named.collect();
    let more = users.partners.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let environments: Vec<&str> = users.environments.iter().map(String::as_str).collect();
    let place = environments.join(", ");
    let place = if place.is_empty() { place } else { format!(" in {place}") };
    let line = format!(
        "Release {release} is reported for the first time, of {}{more}{place}, at {}",
        named.join(", "),
        units::rfc3339(at),
    );
    let mut notice = Alert::notice(format!("{NOTICE_PREFIX}release:{release}"), line, at);
    notice.tell(receivers.iter().filter(|receiver| receiver.takes_changes), true, at);
    notice
}

#[cfg(test)]
mod tests;
