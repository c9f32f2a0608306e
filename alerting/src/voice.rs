//! Whether an alert may be told now: what holds its beginning back. Nothing holds back an end.

use bincode::{Decode, Encode};
use plimsoll_storage::{Label, TimestampMs};

use crate::engine::Engine;
use crate::evidence::Severity;
use crate::labels::GroupLabels;
use crate::rule::{Mode, Rule, RuleSet};

/// What keeps an open alert from being told. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Suppressor {
    /// The rule is in mode `shadow`.
    Shadow,
    /// The alert is less severe than the rule's `notify_from`.
    Severity,
    /// Announced maintenance covers it.
    Maintenance,
    /// Its partner is paused.
    Paused,
    /// A rule that this one depends on has an open alert on the same labels.
    Dependency,
    /// It fired while nothing was judged, and is told only if it is still open now.
    Downtime,
    /// It is folded into the message of another alert.
    Shared,
}

impl Suppressor {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Severity => "severity",
            Self::Maintenance => "maintenance",
            Self::Paused => "paused",
            Self::Dependency => "dependency",
            Self::Downtime => "downtime",
            Self::Shared => "shared",
        }
    }

    /// The reason in words, after "not told: ".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Shadow => "the rule is in shadow mode",
            Self::Severity => "the rule tells only of worse",
            Self::Maintenance => "maintenance was announced",
            Self::Paused => "the partner is paused",
            Self::Dependency => "a rule it depends on has an open alert",
            Self::Downtime => "it fired while nothing was judged",
            Self::Shared => "it shares the message of another alert",
        }
    }
}

/// What keeps an open alert of a rule, of that severity and with these labels, from being told at
/// that moment.
pub(crate) fn suppressor(
    engine: &Engine,
    rule: &Rule,
    severity: Severity,
    labels: &GroupLabels,
    at: TimestampMs,
) -> Option<Suppressor> {
    let depends = || !rule.depends_on.is_empty() && engine.is_open(&rule.depends_on, labels);
    if rule.voice.mode == Mode::Shadow {
        Some(Suppressor::Shadow)
    } else if severity < rule.voice.from {
        Some(Suppressor::Severity)
    } else {
        mute(engine.rules(), rule, labels, at)
            .or_else(|| depends().then_some(Suppressor::Dependency))
    }
}

/// The maintenance or pause that covers the alert.
fn mute(rules: &RuleSet, rule: &Rule, labels: &GroupLabels, at: TimestampMs) -> Option<Suppressor> {
    // What the rule watches only one value of is a label of its alerts too.
    let fixed = rule.matches.iter().filter_map(|(label, values)| {
        let mut values = values.iter();
        values.next().filter(|_| values.next().is_none()).map(|value| (*label, value.clone()))
    });
    let own = labels.iter().map(|(label, value)| (label, value.to_owned()));
    let labels = GroupLabels::new(own.chain(fixed));
    let partner = labels.get(Label::Partner);
    if rules.maintenance.iter().any(|window| window.covers(&labels, at)) {
        return Some(Suppressor::Maintenance);
    }
    let paused = |it: &crate::rule::Partner| it.paused && Some(it.name.as_str()) == partner;
    rules.partners.iter().any(paused).then_some(Suppressor::Paused)
}
