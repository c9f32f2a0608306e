//! Releases: one that is reported for the first time is told as a change, to receivers that ask for it,
//! so that whoever is paged sees what was rolled out before.
//!
//! What is known is kept in the commit that tells of it, so a release is news once.

use std::collections::BTreeSet;

use bincode::{Decode, Encode};
use plimsoll_query::Selector;
use plimsoll_storage::{Label, LabelMatchers, Store, StreamKind, TimestampMs};

use crate::alerts::{Alert, NOTICE_PREFIX};
use crate::labels::SANDBOX;
use crate::limits::RELEASE_PARTNERS_MAX;
use crate::rule::{Receiver, RuleSet};
use crate::words;

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
        words::moment(at),
    );
    let mut notice = Alert::notice(format!("{NOTICE_PREFIX}release:{release}"), line, at);
    notice.tell(receivers.iter().filter(|receiver| receiver.takes_changes), true, at);
    notice
}

#[cfg(test)]
mod tests {
    use plimsoll_storage::{Options, Outcome, Slot, StreamRef};

    use super::*;
    use crate::rule::{Secret, Target};

    fn report(store: &Store, partner: &str, environment: &str, release: &str) {
        let labels = [partner, "", environment, "", release];
        let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        let mut batch = store.batch();
        let cell = batch.activity(stream, Slot(7)).unwrap();
        cell.record(Outcome::Status2xx, None, TimestampMs(70_000));
        store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).unwrap();
    }

    fn rules(takes_changes: bool) -> RuleSet {
        let url = "https://events.pagerduty.com".to_owned();
        let target = Target::PagerDuty { url, routing_key: Secret::new("R0UT1NG") };
        let receiver = |name: &str, takes_changes| Receiver {
            takes_changes,
            ..Receiver::new(name.into(), target.clone())
        };
        let receivers = vec![receiver("oncall", takes_changes), receiver("other", false)];
        RuleSet { receivers, ..RuleSet::default() }
    }

    #[test]
    fn a_release_is_news_once_and_only_to_those_who_ask() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&Options::new(directory.path())).unwrap();
        let mut releases = Releases::default();
        let at = TimestampMs(1_795_204_800_000);
        let mut follow = |wanted| -> Vec<String> {
            let news = releases.follow(&rules(wanted), &store, at);
            assert!(news.iter().all(|it| it.is_notice() && it.receivers.len() == 1));
            assert!(news.iter().all(|it| it.receivers[0].receiver == "oncall"));
            news.into_iter().map(|it| it.symptom).collect()
        };
        report(&store, "dhl", "production", "2.4.0");
        report(&store, "dhl", "production", "");
        assert_eq!(follow(true), [""; 0], "what is there at first is no news");
        report(&store, "ups", "production", "2.4.0");
        assert_eq!(follow(true), [""; 0]);
        report(&store, "dhl", SANDBOX, "2.4.1");
        assert_eq!(follow(true), [""; 0], "a drill is no release");
        report(&store, "ups", "production", "2.4.1");
        report(&store, "dhl", "staging", "2.4.1");
        let news = "Release 2.4.1 is reported for the first time, of dhl, ups in production, staging, \
                    at 2026-11-20T20:00:00Z";
        assert_eq!(follow(true), [news]);
        assert_eq!(follow(true), [""; 0]);
        assert_eq!(follow(false), [""; 0]);
        report(&store, "dhl", "production", "2.4.2");
        assert_eq!(follow(true), [""; 0], "nobody had asked when it came");
        for partner in ["a", "b", "c", "d", "e", "f", "g"] {
            report(&store, partner, "", "3.0");
        }
        let [many] = &follow(true)[..] else { panic!("one release") };
        assert!(many.contains("of a, b, c, d, e and 2 more, at"), "{many}");
    }
}
