//! One rule: what it watches, its thresholds and timers, and whom it notifies.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_query::Selector;
use plimsoll_storage::{Label, LabelMatchers, Matcher, StreamKind};

use crate::labels::{GroupLabels, PRODUCTION, SANDBOX};
use crate::rule::error::RuleProblem;
use crate::rule::types::notation;
use crate::rule::types::period::Schedule;
use crate::rule::types::settings::{BaselineSettings, NotifyPolicy, OnNoData, ScanSettings};
use crate::rule::types::severity::Severity;
use crate::rule::types::signal::{Signal, SignalKind};

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Name, unique in the file.
    pub name: String,
    /// The team that answers for the rule.
    pub owner: String,
    /// What to do about an alert: the name of a built-in runbook, a file, or a URL.
    pub runbook: String,
    /// What is measured.
    pub signal: Signal,
    /// Which streams are watched; empty for all streams.
    pub matches: LabelMatchers,
    /// Labels whose values make a group; each group is evaluated alone. In the order of [`Label`].
    pub by: Vec<Label>,
    /// Event time that one evaluation covers, in ms; rounded up to whole slots when used.
    pub window_ms: i64,
    /// How long the condition must hold before the alert fires, in ms.
    pub for_ms: i64,
    /// How long the condition must be gone before the alert resolves, in ms.
    pub clear_ms: i64,
    /// Threshold of a critical alert, in the unit of the signal.
    pub critical: Option<f64>,
    /// Threshold of a warning, in the unit of the signal.
    pub warning: Option<f64>,
    /// Names of the receivers that are notified.
    pub notify: Vec<String>,
    /// An evaluation of fewer items than this reaches no severity.
    pub min_count: u64,
    /// Confidence of each bound of the evidence: at least 0.5, below 1.
    pub confidence: f64,
    /// Further groupings, each evaluated as `by` is.
    pub also_by: Vec<Vec<Label>>,
    /// Evaluate several windows, in place of `window` and `confidence`.
    pub scan: Option<ScanSettings>,
    /// Raise the thresholds with the baseline.
    pub baseline: Option<BaselineSettings>,
    /// An open alert holds while the value is beyond this, in the unit of the signal.
    pub clear_level: Option<f64>,
    /// How many items an evaluation needs before an open alert can resolve.
    pub clear_count: u32,
    /// How long an alert stays open at least after the condition is gone, in ms.
    pub keep_firing_ms: i64,
    /// What no data means.
    pub on_no_data: OnNoData,
    /// When the rule is active; `None` for always.
    pub schedule: Option<Schedule>,
    /// While one of these rules has an open alert on the same labels, alerts of this rule are muted.
    pub depends_on: Vec<String>,
    /// Labels of the rule itself, for people and tools that list rules.
    pub labels: BTreeMap<String, String>,
    /// Whether and from which severity on its alerts are notified.
    pub notify_policy: NotifyPolicy,
    /// Whether it is not in the file, but follows from `expects` of partners.
    pub is_implied: bool,
}

impl Rule {
    /// The streams that the rule watches outside the sandbox.
    #[must_use]
    pub fn selector(&self) -> Selector {
        let mut labels = self.matches.clone();
        labels.push(Label::Environment, Matcher::NotIn(sandbox()));
        self.select(labels)
    }

    /// The streams that the rule watches in the sandbox, for whichever environment it is written.
    #[must_use]
    pub fn sandbox_selector(&self) -> Selector {
        let mut labels = self.matches.clone();
        labels.replace(Label::Environment, Matcher::In(sandbox()));
        self.select(labels)
    }

    /// The streams of one group of the rule.
    #[must_use]
    pub fn selector_of(&self, group: &GroupLabels) -> Selector {
        let mut selector =
            if group.is_sandbox() { self.sandbox_selector() } else { self.selector() };
        for (label, value) in group.iter() {
            selector.labels.push(label, Matcher::In(BTreeSet::from([value.to_owned()])));
        }
        selector
    }

    fn select(&self, labels: LabelMatchers) -> Selector {
        let kind = match self.signal.kind() {
            SignalKind::Gauge => StreamKind::Gauge,
            _ => StreamKind::Activity,
        };
        Selector { kind, labels, ..Selector::activity(self.signal.stream()) }
    }

    /// Whether the rule watches all that is expected of a partner: its streams in production, whatever their
    /// other labels are.
    pub(crate) fn watches_all_of(&self, partner: &str) -> bool {
        self.matches.iter().all(|(label, matcher)| match label {
            Label::Partner => matcher.accepts(partner),
            Label::Environment => matcher.accepts(PRODUCTION),
            Label::Operation | Label::Site | Label::Release => false,
        })
    }

    /// The labels of an alert, and every label of which the rule watches a single value.
    #[must_use]
    pub fn known_labels(&self, labels: &GroupLabels) -> GroupLabels {
        let only = |label| self.matches.only(label).map(|value| (label, value.to_owned()));
        let fixed = Label::ALL.into_iter().filter_map(only);
        let own = labels.iter().map(|(label, value)| (label, value.to_owned()));
        GroupLabels::new(own.chain(fixed))
    }

    /// Every grouping that is evaluated: `by` and `also_by`.
    pub fn groupings(&self) -> impl Iterator<Item = &[Label]> {
        std::iter::once(self.by.as_slice()).chain(self.also_by.iter().map(Vec::as_slice))
    }

    /// Whether an alert fires when the value is below a threshold, not above it.
    #[must_use]
    pub const fn fires_below(&self) -> bool {
        matches!(self.signal, Signal::Drop { .. } | Signal::Gauge { below: true, .. })
    }

    /// Whether an open alert holds at a value because of `clear_level`.
    #[must_use]
    pub fn holds_at(&self, value: f64) -> bool {
        let beyond = |level| if self.fires_below() { value < level } else { value > level };
        self.clear_level.is_some_and(beyond)
    }

    /// Reads a threshold of this rule as the file has it, with or without its sign: `> 5%` or `5%`.
    ///
    /// # Errors
    /// When the text is not a threshold of this signal.
    pub fn read_threshold(&self, text: &str) -> Result<f64, RuleProblem> {
        let signal = self.signal.kind();
        let text = text.trim();
        let mut whole = text.to_owned();
        if !text.starts_with(['<', '>']) {
            whole = format!("{} {text}", if self.fires_below() { '<' } else { '>' });
        }
        if signal == SignalKind::Drop && !whole.ends_with("of usual") {
            whole.push_str(" of usual");
        }
        let read = notation::threshold(&whole, signal)?;
        if read.below == self.fires_below() {
            return Ok(read.value);
        }
        let expected = if self.fires_below() { "a threshold with <" } else { "a threshold with >" };
        Err(RuleProblem::OutOfRange { value: text.to_owned(), expected })
    }

    /// The threshold of a severity; `None` when the rule has none.
    #[must_use]
    pub const fn threshold(&self, severity: Severity) -> Option<f64> {
        match severity {
            Severity::Critical => self.critical,
            Severity::Warning => self.warning,
        }
    }

    /// The thresholds that are set, the highest severity first.
    pub fn thresholds(&self) -> impl DoubleEndedIterator<Item = (Severity, f64)> {
        let set = |severity| self.threshold(severity).map(|threshold| (severity, threshold));
        [Severity::Critical, Severity::Warning].into_iter().filter_map(set)
    }
}

fn sandbox() -> BTreeSet<String> {
    BTreeSet::from([SANDBOX.to_owned()])
}
