//! Sample notifications, one for each cause, with fixed values: for previews, tests of receivers and the
//! documentation. The content is composed as that of a real alert.

mod facts;

use std::collections::BTreeSet;
use std::path::Path;

use plimsoll_storage::{Label, TimestampMs};

use self::facts::Facts;
use super::content::{ContentSource, Findings, compose};
use super::units::rfc3339;
use crate::engine::{Evidence, Gate, StateReason};
use crate::labels::GroupLabels;
use crate::records::alerts::{Alert, NOTICE_PREFIX, alert_id};
use crate::records::delivery::{Action, Delivery, NotificationRecord};
use crate::records::notify_status::{NotifiedReceiver, NotifyStatus};
use crate::rule::{Receiver, RuleSet, Severity};
use crate::text::content::Content;

const RULES: &str = include_str!("../../../templates/samples.yaml");
/// The symptom of the rule that was removed.
const SYMPTOM: &str = "5xx+timeout share of requests";
const MINUTE_MS: i64 = 60_000;
/// How long a sample had been open when it ended, in ms.
const ENDED_AFTER_MS: i64 = 42 * MINUTE_MS;
/// The partners of a cascade.
const CARRIERS: [&str; 5] = ["dhl", "dpd", "gls", "hermes", "ups"];

/// Declares the causes with their names.
macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident = $name:literal: $about:literal,)*) => {
        /// Why a notification is sent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Cause {
            $(#[doc = $about] $cause,)*
        }

        impl Cause {
            /// Every cause.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$cause),*];

            /// The name of every cause.
            pub const NAMES: [&str; Self::ALL.len()] = [$($name),*];

            /// Its name on the command line and in the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$cause => $name,)* }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$cause => $about,)* }
            }
        }
    };
}

causes! {
    Failing = "failing": "Requests fail at one operation of one site.",
    Slow = "slow": "Requests are slow, in one release.",
    Throttled = "throttled": "The partner rejects requests because there are too many.",
    Credentials = "credentials": "The partner rejects the credentials.",
    Rejected = "rejected": "The partner rejects requests as wrong.",
    Exceptions = "exceptions": "Orders end with an exception.",
    Stale = "stale": "No new event came for too long.",
    NeverSeen = "never-seen": "An expected stream has never reported.",
    Silent = "silent": "A stream reports nothing any more, not even that nothing happened.",
    Drop = "drop": "There are far fewer events than usual.",
    Level = "level": "A gauge is beyond its level.",
    Burn = "burn": "The error budget is used up too fast.",
    MissedRun = "missed-run": "A scheduled run did not succeed in time.",
    Cascade = "cascade": "Several partners fail together.",
    Worse = "worse": "An alert of severity warning became critical.",
    Escalation = "escalation": "Nobody acknowledged, so the next receiver is notified.",
    Late = "late": "The alert fired while the server was down.",
    Reminder = "reminder": "A silence that holds back an open alert is about to end.",
    Recovered = "recovered": "The value is back to normal.",
    NoData = "no-data": "The alert ends because no data came any more.",
    RuleChanged = "rule-changed": "The alert ends because its rule was changed.",
    RuleRemoved = "rule-removed": "The alert ends because its rule was removed.",
    OutsideHours = "outside-hours": "The alert ends with the hours of its rule.",
    Test = "test": "The test of a receiver; nothing is wrong.",
}

impl Cause {
    /// The cause of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }

    /// Why the alert ended; `None` while it is open.
    const fn ended(self) -> Option<StateReason> {
        match self {
            Self::Recovered => Some(StateReason::ClearedFor),
            Self::NoData => Some(StateReason::ClearedWithoutData),
            Self::RuleChanged => Some(StateReason::RuleChanged),
            Self::RuleRemoved => Some(StateReason::RuleRemoved),
            Self::OutsideHours => Some(StateReason::OutsideHours),
            _ => None,
        }
    }

    /// Why the message comes after the alert fired.
    const fn muted_by(self) -> Option<&'static str> {
        match self {
            Self::Escalation => Some("nobody acknowledged it for 15m"),
            Self::Late => Some("it fired while nothing was evaluated"),
            _ => None,
        }
    }
}

/// What a receiver gets at a time because of a cause. Links begin with `base_url`.
#[must_use]
pub fn sample(cause: Cause, receiver: &Receiver, base_url: &str, at: TimestampMs) -> Delivery {
    let (action, alert, content) = match cause {
        Cause::Test => (Action::Trigger, test_alert(receiver, at), Content::default()),
        Cause::Reminder => (Action::Trigger, reminder(at), Content::default()),
        _ => sample_alert(cause, receiver, base_url, at),
    };
    let group = alert.labels.title();
    let record = NotificationRecord { action, at, group, alert, content };
    Delivery::new(receiver.name.clone(), receiver.fingerprint(), record)
}

/// The trigger and the resolve with which a receiver is tested: a sample that is marked as a test and has the
/// key of no alert.
pub(crate) fn test(
    cause: Cause,
    receiver: &Receiver,
    base_url: &str,
    at: TimestampMs,
) -> [Delivery; 2] {
    let Delivery { mut alert, mut content, group, action, .. } =
        sample(cause, receiver, base_url, at);
    if !alert.is_notice() {
        // No rule has a colon in its name.
        alert.rule = format!("test:{}", alert.rule);
        for text in [&mut content.headline, &mut content.who] {
            *text = format!("Test: {text}");
        }
    }
    let of = |action: Action| {
        let (group, alert, content) = (group.clone(), alert.clone(), content.clone());
        let record = NotificationRecord { action, at, group, alert, content };
        Delivery::new(receiver.name.clone(), receiver.fingerprint(), record)
    };
    let begins = if action == Action::Resolve { Action::Trigger } else { action };
    [of(begins), of(Action::Resolve)]
}

fn sample_alert(
    cause: Cause,
    receiver: &Receiver,
    base_url: &str,
    at: TimestampMs,
) -> (Action, Alert, Content) {
    // A test parses them.
    let rules = RuleSet::parse(RULES, &|_| None, Path::new("")).unwrap_or_default();
    let facts = Facts::of(cause);
    let alert = alert_of(cause, &facts, &rules, at);
    let alert = Alert { notify: notified(receiver, at), ..alert };
    let group = |partner: &str| GroupLabels::new([(Label::Partner, partner.to_owned())]);
    let carriers = CARRIERS.map(group);
    let sharing = match cause {
        Cause::Cascade => carriers.iter().collect(),
        _ => BTreeSet::new(),
    };
    let source = ContentSource { rules: &rules, base_url, sharing, at };
    let findings = Findings {
        exemplars: facts.exemplar.iter().map(|it| exemplar(it, at)).collect(),
        trend: facts.trend.clone(),
        fault: facts.fault(at),
    };
    let mut content = compose(&alert, &source, findings);
    content.muted_by = cause.muted_by().map(str::to_owned);
    let action = match cause {
        Cause::Worse => Action::Escalate,
        _ if alert.is_open() => Action::Trigger,
        _ => Action::Resolve,
    };
    (action, alert, content)
}

/// An event behind an alert, a moment before the message.
fn exemplar(text: &str, at: TimestampMs) -> String {
    format!("{text} at {}", rfc3339(at.plus_ms(-20_000)))
}

fn alert_of(cause: Cause, facts: &Facts, rules: &RuleSet, at: TimestampMs) -> Alert {
    let known = rules.rule(facts.rule);
    let labels = GroupLabels::new([(Label::Partner, facts.partner.to_owned())]);
    let onset = at.plus_ms(-facts.onset_ago_ms);
    let evidence = Evidence {
        value: facts.value,
        count: facts.count,
        lower: facts.bounds.0,
        upper: facts.bounds.1,
        // The limit of the rule that was removed.
        threshold: known.and_then(|rule| rule.critical).unwrap_or(0.05),
        reached: Some(Severity::Critical),
        gate: Gate::Passed,
    };
    let ended = cause.ended();
    Alert {
        id: alert_id(facts.rule, &labels, onset),
        rule: facts.rule.to_owned(),
        owner: known.map(|rule| rule.owner.clone()).unwrap_or_default(),
        runbook: known.map(|rule| rule.runbook.clone()).unwrap_or_default(),
        signal: known.map_or(facts.signal, |rule| rule.signal.kind()),
        symptom: known.map_or_else(|| SYMPTOM.to_owned(), |rule| rule.signal.symptom()),
        labels,
        window_ms: known.map_or(0, |rule| rule.window_ms),
        severity: Severity::Critical,
        pending_at: onset.plus_ms(MINUTE_MS),
        fired_at: at.plus_ms(-facts.fired_ago_ms),
        resolved_at: ended.map(|_| at),
        resolved_because: ended,
        at_fire: evidence,
        latest: evidence,
        peak: Evidence { value: facts.peak, ..evidence },
        notify: NotifyStatus::default(),
    }
}

fn notified(receiver: &Receiver, at: TimestampMs) -> NotifyStatus {
    let receiver = NotifiedReceiver {
        receiver: receiver.name.clone(),
        fingerprint: receiver.fingerprint(),
        notified_at: at,
    };
    NotifyStatus { receivers: vec![receiver], ..NotifyStatus::default() }
}

fn reminder(at: TimestampMs) -> Alert {
    let line = format!(
        "The silence of partner dhl by ann (vendor upgrade) ends at {} and still holds back: partner-5xx of \
         dhl",
        rfc3339(at.plus_ms(15 * MINUTE_MS))
    );
    let rule = format!("{NOTICE_PREFIX}silence:sample");
    Alert { owner: "ann".to_owned(), ..Alert::notice(rule, line, at) }
}

/// The alert of the test of a receiver: a notice.
pub(crate) fn test_alert(receiver: &Receiver, at: TimestampMs) -> Alert {
    let line = format!("Test of the receiver {}: nothing is wrong", receiver.name);
    let notice = Alert::notice(format!("{NOTICE_PREFIX}receiver-test"), line, at);
    let (owner, runbook) = ("whoever asked for this test".to_owned(), "outbox-stuck".to_owned());
    Alert { owner, runbook, ..notice }
}

#[cfg(test)]
mod tests;
