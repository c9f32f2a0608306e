//! Release notices: a release that is reported for the first time is notified as a change to the receivers
//! that take changes, so that whoever is on call knows what was rolled out.

use std::collections::BTreeSet;

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;

use crate::records::alerts::{Alert, NOTICE_PREFIX};
use crate::rule::{Receiver, RuleSet};
use crate::text::time::rfc3339;

/// Partners that are named as those that report a new release.
const RELEASE_PARTNERS_MAX: usize = 5;

/// The releases that are known. It is stored in the commit that notifies of a new one, so each release is
/// notified once.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub(crate) struct Releases {
    /// `None` while no receiver takes changes. The releases that are reported when the first receiver does
    /// are not new.
    known: Option<BTreeSet<String>>,
}

/// A release and the streams that report it, without those of the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReportedRelease {
    /// Its name; empty for streams without a release.
    pub(crate) name: String,
    /// Partners; none when only the sandbox reports it.
    pub(crate) partners: BTreeSet<String>,
    /// Environments.
    pub(crate) environments: BTreeSet<String>,
}

impl Releases {
    /// Whether a release has been reported before.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        self.known.as_ref().is_some_and(|known| known.contains(name))
    }

    /// Takes the releases that are reported and not [known](Self::is_known), and returns a notice for each
    /// that is new.
    pub(crate) fn update(
        &mut self,
        rules: &RuleSet,
        reported: &[ReportedRelease],
        at: TimestampMs,
    ) -> Vec<Alert> {
        if !any_takes_changes(rules) {
            self.known = None;
            return Vec::new();
        }
        let Some(known) = &mut self.known else {
            self.known = Some(reported.iter().map(|release| release.name.clone()).collect());
            return Vec::new();
        };
        // A release that only a drill reports may still be rolled out to production.
        let is_rolled_out = |it: &&ReportedRelease| !it.name.is_empty() && !it.partners.is_empty();
        let mut notices = Vec::new();
        for release in reported.iter().filter(is_rolled_out) {
            if known.insert(release.name.clone()) {
                notices.push(notice(release, &rules.receivers, at));
            }
        }
        notices
    }
}

/// Whether any receiver is notified of releases.
pub(crate) fn any_takes_changes(rules: &RuleSet) -> bool {
    rules.receivers.iter().any(|receiver| receiver.takes_changes)
}

fn notice(release: &ReportedRelease, receivers: &[Receiver], at: TimestampMs) -> Alert {
    let ReportedRelease { name, partners, environments } = release;
    let named = partners.iter().take(RELEASE_PARTNERS_MAX).cloned();
    let named: Vec<String> = named.collect();
    let more = partners.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let environments: Vec<&str> = environments.iter().map(String::as_str).collect();
    let place = environments.join(", ");
    let place = if place.is_empty() { place } else { format!(" in {place}") };
    let line = format!(
        "Release {name} is reported for the first time, of {}{more}{place}, at {}",
        named.join(", "),
        rfc3339(at),
    );
    let mut notice = Alert::notice(format!("{NOTICE_PREFIX}release:{name}"), line, at);
    let takers = receivers.iter().filter(|receiver| receiver.takes_changes);
    notice.notify.add_receivers(takers, true, at);
    notice
}

#[cfg(test)]
mod tests;
