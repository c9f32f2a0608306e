//! Whether an alert may be told now: what holds its beginning back. Nothing holds back an end.

use bincode::{Decode, Encode};
use plimsoll_storage::{Label, TimestampMs};

use crate::evidence::Severity;
use crate::labels::GroupLabels;
use crate::rule::{Mode, Partner, Rule, RuleSet};
use crate::silence::Silence;

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
    /// A rule that this one depends on, or a partner that this one depends on, has an open alert.
    Dependency,
    /// It fired while nothing was judged, and is told only if it is still open now.
    Downtime,
    /// It is folded into the message of another alert.
    Shared,
    /// A silence covers it.
    Silenced,
    /// Its message waits for others.
    Waiting,
    /// It is of a drill, in the sandbox.
    Sandbox,
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
            Self::Silenced => "silenced",
            Self::Waiting => "waiting",
            Self::Sandbox => "sandbox",
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
            Self::Dependency => "what it depends on has an open alert",
            Self::Downtime => "it fired while nothing was judged",
            Self::Shared => "it shares the message of another alert",
            Self::Silenced => "it is silenced",
            Self::Waiting => "its message waits for others",
            Self::Sandbox => "it is of a drill",
        }
    }
}

/// What can mute an alert from outside its rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutes<'a> {
    /// With maintenance and paused partners.
    pub(crate) rules: &'a RuleSet,
    pub(crate) silences: &'a [Silence],
}

impl Mutes<'_> {
    /// What keeps an open alert of a rule, of that severity and with these labels, from being told at
    /// that moment. `is_dependent` looks whether something that it depends on has an open alert.
    pub(crate) fn suppressor(
        self,
        rule: &Rule,
        severity: Severity,
        labels: &GroupLabels,
        at: TimestampMs,
        is_dependent: impl FnOnce() -> bool,
    ) -> Option<Suppressor> {
        if labels.is_sandbox() {
            return Some(Suppressor::Sandbox);
        }
        if rule.voice.mode == Mode::Shadow {
            return Some(Suppressor::Shadow);
        }
        if severity < rule.voice.from {
            return Some(Suppressor::Severity);
        }
        let muted = self.mute(rule, labels, at);
        muted.or_else(|| is_dependent().then_some(Suppressor::Dependency))
    }

    /// The maintenance, silence or pause that covers the alert.
    fn mute(self, rule: &Rule, labels: &GroupLabels, at: TimestampMs) -> Option<Suppressor> {
        let labels = rule.known_labels(labels);
        let partner = labels.get(Label::Partner);
        let is_paused = |it: &Partner| it.paused && Some(it.name.as_str()) == partner;
        if self.rules.maintenance.iter().any(|window| window.covers(&labels, at)) {
            Some(Suppressor::Maintenance)
        } else if self.silences.iter().any(|silence| silence.covers(&rule.name, &labels, at)) {
            Some(Suppressor::Silenced)
        } else {
            self.rules.partners.iter().any(is_paused).then_some(Suppressor::Paused)
        }
    }
}

/// What an open alert would have to be on to keep this one from being told: by rules that the rule
/// depends on, on the same labels; and by the rule itself, on the labels of a partner that the partner
/// depends on.
pub(crate) fn dependencies(
    rules: &RuleSet,
    rule: &Rule,
    labels: &GroupLabels,
) -> Vec<(Vec<String>, GroupLabels)> {
    let mut found = Vec::new();
    if !rule.depends_on.is_empty() {
        found.push((rule.depends_on.clone(), labels.clone()));
    }
    let name = labels.get(Label::Partner).unwrap_or_default();
    let partner = rules.partners.iter().filter(|partner| partner.name == name);
    for other in partner.flat_map(|partner| &partner.depends_on) {
        let own = labels.iter().filter(|(label, _)| *label != Label::Partner);
        let own = own.map(|(label, value)| (label, value.to_owned()));
        let moved = GroupLabels::new(own.chain([(Label::Partner, other.clone())]));
        found.push((vec![rule.name.clone()], moved));
    }
    found
}

/// Whether something that the alert depends on has an open alert itself. `is_open` looks whether an
/// alert of some rules is open on labels that all are among some.
pub(crate) fn is_dependent(
    rules: &RuleSet,
    rule: &Rule,
    labels: &GroupLabels,
    is_open: &dyn Fn(&[String], &GroupLabels) -> bool,
) -> bool {
    let dependencies = dependencies(rules, rule, labels);
    dependencies.iter().any(|(rules, labels)| is_open(rules, labels))
}
