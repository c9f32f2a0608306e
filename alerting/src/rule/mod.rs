//! Rules: what is watched, when it is bad, who is told. Read from the rules file, checked once, and
//! plain data from then on.

mod adapt;
mod calendar;
mod check;
mod error;
mod identity;
mod period;
mod quantity;
mod raw;
mod receiver;
mod secret;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bincode::{Decode, Encode};
use plimsoll_query::Selector;
use plimsoll_storage::{Label, LabelMatchers, Matcher, Outcome, StreamKind};

pub use adapt::{Mode, OnNoData, Pages, Scan, Usual, Voice};
pub use calendar::{Holiday, Maintenance, Partner};
pub use error::{Problem, RuleError};
pub(crate) use identity::Identity;
pub use period::{Period, Schedule};
pub(crate) use receiver::webhook_key;
pub use receiver::{
    Escalation, FailOver, MailTls, Mailbox, PAGERDUTY_URL, Rate, Receiver, Target, Texts,
};
pub(crate) use secret::Origin;
pub use secret::Secret;

use crate::error::{Error, Result};
use crate::evidence::{Evidence, Severity};
use crate::labels::{GroupLabels, SANDBOX};
use crate::limits::RULES_FILE_BYTES_MAX;

/// Everything a rules file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSet {
    /// Who can be told.
    pub receivers: Vec<Receiver>,
    /// What is watched; names are unique.
    pub rules: Vec<Rule>,
    /// What is known about partners.
    pub partners: Vec<Partner>,
    /// Periods in which matching alerts page nobody.
    pub maintenance: Vec<Maintenance>,
    /// Holidays.
    pub holidays: Vec<Holiday>,
    /// How alerts share messages; `None` when each has its own.
    pub pages: Option<Pages>,
    /// Runbooks that are files beside the rules, by the name that rules use.
    pub runbooks: BTreeMap<String, String>,
}

impl RuleSet {
    /// Reads a rules file. Secrets are resolved here, by `env` and from files relative to
    /// `base_dir`. A file without `rules` has the default pack.
    ///
    /// # Errors
    /// The first mistake, with its place and remedy.
    pub fn parse(
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
        base_dir: &Path,
    ) -> Result<Self> {
        Ok(check::rule_set(text, env, base_dir)?)
    }

    /// The default pack, as it is when there is no rules file at all: nobody can be told.
    ///
    /// # Errors
    /// Never, as a test makes sure.
    pub fn default_pack() -> Result<Self> {
        Self::parse("", &|_| None, Path::new("."))
    }

    /// Reads the rules file at `path`; relative secret files lie beside it.
    ///
    /// # Errors
    /// When the file cannot be read, and as [`RuleSet::parse`], with the path in the error.
    pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let name = || path.display().to_string();
        let unreadable = |source| Error::RulesFile { path: name(), source };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > RULES_FILE_BYTES_MAX {
            return Err(Error::RulesFileTooLong {
                path: name(),
                bytes,
                limit: RULES_FILE_BYTES_MAX,
            });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let base_dir = path.parent().unwrap_or(Path::new("."));
        check::rule_set(&text, env, base_dir).map_err(|mut error| {
            error.file = Some(name());
            error.into()
        })
    }

    /// The rule of that name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The text of a runbook: of a shipped page, or of a file beside the rules.
    #[must_use]
    pub fn runbook_text(&self, name: &str) -> Option<&str> {
        let own = self.runbooks.get(name).map(String::as_str);
        own.or_else(|| crate::runbook::runbook(name).map(|page| page.text))
    }

    /// The receiver of that name.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Name, unique in the file.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// What to do: the name of a page, a file, or a URL.
    pub runbook: String,
    /// What is measured.
    pub signal: Signal,
    /// Streams that are watched, by label values; empty for all.
    pub matches: BTreeMap<Label, BTreeSet<String>>,
    /// Labels that make a group of their own, each judged alone; in the order of [`Label`].
    pub by: Vec<Label>,
    /// How much event time one judgement covers, in ms; rounded up to whole slots at use.
    pub window_ms: i64,
    /// How long the condition must hold before anyone is told, in ms.
    pub for_ms: i64,
    /// How long it must be gone before the alert resolves, in ms.
    pub clear_ms: i64,
    /// Lower bound of the evidence above which it is critical, in the unit of the signal.
    pub critical: Option<f64>,
    /// Lower bound of the evidence above which it is a warning, in the unit of the signal.
    pub warning: Option<f64>,
    /// Names of receivers.
    pub notify: Vec<String>,
    /// Judgements of fewer items than this do not count.
    pub min_count: u64,
    /// Confidence of each bound of the evidence, 0.5 up to but not including 1.
    pub confidence: f64,
    /// Further groupings that are judged, each as `by` is.
    pub also_by: Vec<Vec<Label>>,
    /// Judging over several windows, in place of `window` and `confidence`.
    pub scan: Option<Scan>,
    /// Limits that follow the usual upward.
    pub usual: Option<Usual>,
    /// An open alert holds while the value is above this, in the unit of the signal.
    pub clear_level: Option<f64>,
    /// How many items it takes to believe that all is well again.
    pub clear_count: u32,
    /// How long an alert stays at least after the condition is gone, in ms.
    pub keep_firing_ms: i64,
    /// What no data means.
    pub on_no_data: OnNoData,
    /// When it is active; `None` for always.
    pub schedule: Option<Schedule>,
    /// Rules whose open alert on the same labels keeps this one from starting.
    pub depends_on: Vec<String>,
    /// Labels of the rule itself, for people and tools that list rules.
    pub labels: BTreeMap<String, String>,
    /// How it speaks.
    pub voice: Voice,
}

impl Rule {
    /// The streams it watches, but for those of the sandbox.
    #[must_use]
    pub fn selector(&self) -> Selector {
        let mut labels: LabelMatchers = self.matches.clone().into();
        labels.push(Label::Environment, Matcher::NotIn(sandbox()));
        self.select(labels)
    }

    /// The streams of the sandbox, which it judges apart, whatever environment it is for.
    #[must_use]
    pub fn sandbox_selector(&self) -> Selector {
        let mut matches = self.matches.clone();
        matches.insert(Label::Environment, sandbox());
        self.select(matches.into())
    }

    /// The streams of one group of it.
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

    /// The labels of an alert with those that the rule watches only one value of: they are known of the
    /// alert too.
    #[must_use]
    pub fn known_labels(&self, labels: &GroupLabels) -> GroupLabels {
        let fixed = self.matches.iter().filter_map(|(label, values)| {
            let mut values = values.iter();
            values.next().filter(|_| values.next().is_none()).map(|value| (*label, value.clone()))
        });
        let own = labels.iter().map(|(label, value)| (label, value.to_owned()));
        GroupLabels::new(own.chain(fixed))
    }

    /// Every grouping it is judged by.
    pub fn groupings(&self) -> impl Iterator<Item = &[Label]> {
        std::iter::once(self.by.as_slice()).chain(self.also_by.iter().map(Vec::as_slice))
    }

    /// Whether it is bad when the value is low.
    #[must_use]
    pub const fn is_floor(&self) -> bool {
        matches!(self.signal, Signal::Drop { .. } | Signal::Gauge { below: true, .. })
    }

    /// Whether an open alert holds at a value because of its clear level.
    #[must_use]
    pub fn holds_at(&self, value: f64) -> bool {
        let beyond = |level| if self.is_floor() { value < level } else { value > level };
        self.clear_level.is_some_and(beyond)
    }

    /// Whether a judgement is worse than another: further beyond the threshold for certain.
    #[must_use]
    pub fn is_worse(&self, one: &Evidence, other: &Evidence) -> bool {
        if self.is_floor() { one.upper < other.upper } else { one.lower > other.lower }
    }

    /// Reads a threshold for this rule as the file has it, with or without its sign: `> 5%`, `5%`.
    ///
    /// # Errors
    /// It does not measure what the rule does, and how to write it.
    pub fn read_threshold(&self, text: &str) -> std::result::Result<f64, Problem> {
        let signal = self.signal.kind();
        let text = text.trim();
        let mut whole = text.to_owned();
        if !text.starts_with(['<', '>']) {
            whole = format!("{} {text}", if self.is_floor() { '<' } else { '>' });
        }
        if signal == SignalKind::Drop && !whole.ends_with("of usual") {
            whole.push_str(" of usual");
        }
        let read = quantity::threshold(&whole, signal)?;
        if read.below == self.is_floor() {
            return Ok(read.value);
        }
        let expected = if self.is_floor() { "a threshold with <" } else { "a threshold with >" };
        Err(Problem::OutOfRange { value: text.to_owned(), expected })
    }

    /// Its thresholds, the highest severity first.
    pub fn ladder(&self) -> impl DoubleEndedIterator<Item = (Severity, f64)> {
        let step = |severity, threshold: Option<f64>| threshold.map(|value| (severity, value));
        [step(Severity::Critical, self.critical), step(Severity::Warning, self.warning)]
            .into_iter()
            .flatten()
    }
}

fn sandbox() -> BTreeSet<String> {
    BTreeSet::from([SANDBOX.to_owned()])
}

/// What a rule measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The share of some outcome classes among others.
    Ratio {
        /// Classes that are counted.
        of: Vec<Outcome>,
        /// Classes they are compared with, which include `of`; `None` for all.
        to: Option<Vec<Outcome>>,
        /// Name of the stream.
        stream: String,
    },
    /// A quantile of durations.
    Latency {
        /// Which one, above 0 and below 1.
        q: f64,
        /// Name of the stream.
        stream: String,
    },
    /// The age of the newest event.
    Freshness {
        /// Name of the stream.
        stream: String,
    },
    /// Arrivals compared with the usual for the time of the week.
    Drop {
        /// Name of the stream.
        stream: String,
        /// The part of the usual below which it is a drop on a holiday.
        on_holiday: f64,
    },
    /// The time since anything at all was reported, heartbeats included.
    Absence {
        /// Name of the stream.
        stream: String,
    },
    /// A level.
    Gauge {
        /// Name of the gauge.
        name: String,
        /// Bad when low.
        below: bool,
        /// Judge the level that a straight line through the window reaches after so many ms.
        forecast_ms: Option<i64>,
    },
    /// How many times faster than allowed an error budget is used up.
    Burn {
        /// Classes that are counted.
        of: Vec<Outcome>,
        /// Name of the stream.
        stream: String,
        /// The share that must succeed, above 0 and below 1.
        objective: f64,
    },
    /// The age of the newest run that succeeded: grows when runs are missed, overdue or fail.
    Run {
        /// Name of the stream.
        stream: String,
    },
}

impl Signal {
    /// Name of the stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        match self {
            Self::Ratio { stream, .. }
            | Self::Latency { stream, .. }
            | Self::Freshness { stream }
            | Self::Drop { stream, .. }
            | Self::Absence { stream }
            | Self::Gauge { name: stream, .. }
            | Self::Burn { stream, .. }
            | Self::Run { stream } => stream,
        }
    }

    /// The outcome classes that it counts; none unless it compares some with others.
    #[must_use]
    pub fn of(&self) -> &[Outcome] {
        match self {
            Self::Ratio { of, .. } | Self::Burn { of, .. } => of,
            _ => &[],
        }
    }

    /// Which of the signals it is.
    #[must_use]
    pub const fn kind(&self) -> SignalKind {
        match self {
            Self::Ratio { .. } => SignalKind::Ratio,
            Self::Latency { .. } => SignalKind::Latency,
            Self::Freshness { .. } => SignalKind::Freshness,
            Self::Drop { .. } => SignalKind::Drop,
            Self::Absence { .. } => SignalKind::Absence,
            Self::Gauge { .. } => SignalKind::Gauge,
            Self::Burn { .. } => SignalKind::Burn,
            Self::Run { .. } => SignalKind::Run,
        }
    }

    /// What goes wrong when it is high, for people: `5xx+timeout share of requests`.
    #[must_use]
    pub fn symptom(&self) -> String {
        match self {
            Self::Ratio { of, stream, .. } => {
                let classes: Vec<&str> = of.iter().map(|class| class.as_str()).collect();
                format!("{} share of {stream}", classes.join("+"))
            }
            Self::Latency { q, stream } => {
                // Rounded, because 0.95 * 100 is not 95 in binary.
                format!("p{} latency of {stream}", (q * 1e5).round() / 1e3)
            }
            Self::Freshness { stream } => format!("age of the newest of {stream}"),
            Self::Drop { stream, .. } => format!("arrivals of {stream} against the usual"),
            Self::Absence { stream } => format!("time without any report of {stream}"),
            Self::Gauge { name, forecast_ms: None, .. } => name.clone(),
            Self::Gauge { name, .. } => format!("{name} as forecast"),
            Self::Burn { stream, .. } => format!("use of the error budget of {stream}"),
            Self::Run { stream } => format!("time since the last success of {stream}"),
        }
    }
}

/// The kinds of signals. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum SignalKind {
    /// [`Signal::Ratio`]; values are fractions of 1.
    Ratio,
    /// [`Signal::Latency`]; values are seconds.
    Latency,
    /// [`Signal::Freshness`]; values are seconds.
    Freshness,
    /// [`Signal::Drop`]; values are parts of the usual.
    Drop,
    /// [`Signal::Absence`]; values are seconds.
    Absence,
    /// [`Signal::Gauge`]; values are in the unit of the gauge.
    Gauge,
    /// [`Signal::Burn`]; values are multiples of the allowed rate.
    Burn,
    /// [`Signal::Run`]; values are seconds.
    Run,
}

impl SignalKind {
    /// The name in rules, the API and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Latency => "latency",
            Self::Freshness => "freshness",
            Self::Drop => "drop",
            Self::Absence => "absence",
            Self::Gauge => "gauge",
            Self::Burn => "burn",
            Self::Run => "run",
        }
    }
}

#[cfg(test)]
mod tests;
