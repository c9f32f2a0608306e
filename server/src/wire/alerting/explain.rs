//! The explanation of a rule as JSON and as text.

use std::fmt::Write as _;

use plimsoll_alerting::explain::{ExplainedSlot, Explanation, GroupExplanation};
use plimsoll_alerting::limits::GROUPS_PER_RULE_MAX;
use plimsoll_alerting::{
    AlertState, ComparedUnit, Comparison, GroupsLeftOut, Rule, Severity, SignalKind, units,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::alerting::alert::unit_of;
use crate::wire::query::series::LabelsBody;
use crate::wire::{number, time};

/// Names of the columns, as wide as their values.
const HEAD: &str = "t                                value     count         lower         upper     threshold  gate             state     severity  reason             suppressor";

/// Why a rule did or did not fire.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExplanationBody {
    rule: String,
    signal: &'static str,
    /// The end of the slot that the sentences are about.
    at: String,
    /// Of values, bounds and thresholds.
    unit: &'static str,
    groups: Vec<GroupBody>,
    /// Matching groups that are left out.
    groups_left_out: usize,
    /// Damaged places whose cells are missing; left out when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    damaged: Vec<String>,
    #[serde(skip)]
    kind: SignalKind,
}

/// One group.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GroupBody {
    labels: LabelsBody,
    words: String,
    /// The server does not evaluate the group, because the rule has too many.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_left_out: bool,
    #[serde(rename = "judgements")]
    evaluations: Vec<EvaluationBody>,
}

/// One evaluation. Without data there is no value.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EvaluationBody {
    /// End of the evaluated slot.
    t: String,
    value: Option<f64>,
    count: Option<u64>,
    lower: Option<f64>,
    upper: Option<f64>,
    threshold: Option<f64>,
    /// Why the evaluation counts or not.
    gate: &'static str,
    /// What decided: a severity is reached when `value` is beyond `limit` and nothing is unmet.
    compared: Option<ComparedBody>,
    /// `inactive`, `pending` or `firing`.
    state: &'static str,
    /// Of the open alert.
    severity: Option<&'static str>,
    /// Why the state changed, where it did.
    reason: Option<&'static str>,
    /// Why nobody is notified of the open alert.
    #[serde(rename = "suppressor")]
    muted_by: Option<&'static str>,
}

/// The comparison that decided an evaluation.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ComparedBody {
    /// `window`: a bound of the value; `scan`: the evidence of one of several windows; `open_alert`: the
    /// value itself, which keeps the alert open.
    test: &'static str,
    /// The window of a scan, in seconds; the window of the rule when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_s: Option<u32>,
    value: Option<f64>,
    /// What `value` is compared with: the threshold with its baseline, or the part of it that `scan`
    /// requires.
    limit: Option<f64>,
    /// Of both; `nats` is weight of evidence.
    unit: &'static str,
    /// `above` or `below`.
    beyond: &'static str,
    /// Which other condition is not met, such as `bad_minutes` of `scan`.
    unmet: Option<&'static str>,
}

impl ComparedBody {
    fn new(kind: SignalKind, comparison: Comparison) -> Self {
        let (scale, unit) = match comparison.unit {
            ComparedUnit::Signal => unit_of(kind),
            ComparedUnit::Share => (1.0, "ratio"),
            ComparedUnit::Nats => (1.0, "nats"),
        };
        let scaled = |number: f64| number.is_finite().then_some(number * scale);
        Self {
            test: comparison.test.as_str(),
            window_s: (comparison.window_min > 0).then(|| comparison.window_min * 60),
            value: scaled(comparison.compared),
            limit: scaled(comparison.limit),
            unit,
            beyond: if comparison.is_below { "below" } else { "above" },
            unmet: comparison.unmet.map(plimsoll_alerting::Unmet::as_str),
        }
    }
}

impl ExplanationBody {
    pub(crate) fn new(rule: &Rule, found: Explanation, left_out: &GroupsLeftOut) -> Self {
        let kind = rule.signal.kind();
        let groups = found.groups.into_iter().map(|group| {
            let is_left_out = left_out.contains(&rule.name, &group.labels);
            GroupBody::new(rule, group, is_left_out)
        });
        Self {
            rule: rule.name.clone(),
            signal: kind.as_str(),
            at: time::format(found.at),
            unit: unit_of(kind).1,
            groups: groups.collect(),
            groups_left_out: found.groups_left_out,
            damaged: found.damaged,
            kind,
        }
    }

    /// As sentences, with a table of the evaluations.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let (scale, _) = unit_of(self.kind);
        let shown = |number: Option<f64>| {
            number.map_or_else(|| "-".to_owned(), |number| units::value(self.kind, number / scale))
        };
        for group in &self.groups {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}\n", group.words);
            let _ = writeln!(text, "{HEAD}");
            for it in &group.evaluations {
                let count = it.count.map_or_else(|| "-".to_owned(), |count| count.to_string());
                let _ = writeln!(
                    text,
                    "{:<24}  {:>12}  {count:>8}  {:>12}  {:>12}  {:>12}  {:<15}  {:<8}  {:<8}  {:<17}  {}",
                    it.t,
                    shown(it.value),
                    shown(it.lower),
                    shown(it.upper),
                    shown(it.threshold),
                    it.gate,
                    it.state,
                    it.severity.unwrap_or("-"),
                    it.reason.unwrap_or("-"),
                    it.muted_by.unwrap_or("-"),
                );
            }
            text.push('\n');
        }
        if self.groups_left_out > 0 {
            let _ = writeln!(text, "{} more groups match; name more labels.", self.groups_left_out);
        }
        for name in &self.damaged {
            let _ = writeln!(text, "Damaged and missing: {name}.");
        }
        text
    }
}

impl GroupBody {
    fn new(rule: &Rule, group: GroupExplanation, is_left_out: bool) -> Self {
        let kind = rule.signal.kind();
        let words = if is_left_out {
            format!(
                "No alert of {} can be open: rule {} has more than {GROUPS_PER_RULE_MAX} groups, and this \
                 one is not evaluated. If it were: {}",
                group.labels.title(),
                rule.name,
                group.words
            )
        } else {
            group.words
        };
        let labels = group.labels.iter().map(|(label, value)| (label.as_str(), value.to_owned()));
        Self {
            labels: labels.collect(),
            words,
            is_left_out,
            evaluations: group.slots.iter().map(|it| EvaluationBody::new(kind, it)).collect(),
        }
    }
}

impl EvaluationBody {
    fn new(kind: SignalKind, slot: &ExplainedSlot) -> Self {
        let (scale, _) = unit_of(kind);
        let of = |value: fn(&plimsoll_alerting::Evidence) -> f64| {
            let value = slot.evidence.as_ref().map(value)?;
            value.is_finite().then(|| number::plain(value * scale))
        };
        let (state, severity) = match slot.state {
            AlertState::Inactive => ("inactive", None),
            AlertState::Pending { .. } => ("pending", None),
            AlertState::Firing(firing) => ("firing", Some(firing.severity)),
        };
        Self {
            t: time::format(slot.t),
            value: of(|it| it.value),
            count: slot.evidence.map(|it| it.count),
            lower: of(|it| it.lower),
            upper: of(|it| it.upper),
            threshold: of(|it| it.threshold),
            gate: slot.evidence.map_or("no_data", |it| it.gate.as_str()),
            compared: slot.comparison.map(|it| ComparedBody::new(kind, it)),
            state,
            severity: severity.map(Severity::as_str),
            reason: slot.transition.map(|it| it.reason.as_str()),
            muted_by: slot.muted_by.map(|it| it.as_str()),
        }
    }
}
