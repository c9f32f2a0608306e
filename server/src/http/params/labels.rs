//! What a query is about: its stream and labels, and the labels that its series are grouped by.

use std::collections::BTreeSet;

use plimsoll_alerting::{PRODUCTION, SANDBOX};
use plimsoll_query::Selector;
use plimsoll_storage::{Label, LabelMatchers, Matcher, StreamKind};
use serde_json::json;

use super::Params;
use super::declare::{Declared, ParameterDescription, Query, Read, Repeated};
use super::kind::{LabelName, StreamName};
use crate::error::{ApiError, ErrorCode};
use crate::wire::excerpt;

pub(crate) const STREAM: Query<StreamName> = Query::new(
    "stream",
    StreamName,
    "requests",
    "The activity stream; every one when it is left out, or the one the call is named for.",
);

pub(crate) const BY: Repeated<LabelName> = Query::new(
    "by",
    LabelName,
    "partner",
    "A series for each value of this label; repeated or with commas for several.",
)
.repeated();

/// A label parameter: any number of values, each plain, negated or a pattern.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelValues {
    label: Label,
    example: &'static str,
}

/// The labels of the streams that are selected.
pub(crate) const LABELS: [LabelValues; Label::COUNT] = [
    LabelValues { label: Label::Partner, example: "dhl" },
    LabelValues { label: Label::Operation, example: "create_label" },
    LabelValues { label: Label::Environment, example: PRODUCTION },
    LabelValues { label: Label::Site, example: "ams1" },
    LabelValues { label: Label::Release, example: "2.4.1" },
];

impl Declared for LabelValues {
    fn describe(&self, all: &mut Vec<ParameterDescription>) {
        all.push(ParameterDescription {
            name: self.label.as_str(),
            is_in_query: true,
            about: "Repeated or with commas for a set. `!value` is all but that, `~pattern` and `!~pattern` are \
                    regular expressions that match the whole value; the empty value stands for no label. The \
                    sandbox is left out unless a value or `~pattern` of `environment` matches it.",
            schema: json!({"type": "array", "items": {"type": "string"}}),
            example: self.example,
            needs: "",
            selects_streams: true,
        });
    }
}

impl Read for LabelValues {
    type Output = Vec<String>;

    fn name(&self) -> &'static str {
        self.label.as_str()
    }

    /// Reads the values as they were sent.
    fn read(&self, params: &mut Params) -> Result<Vec<String>, ApiError> {
        Ok(params.take(self.name()))
    }
}

impl Params {
    /// Reads [`LABELS`], without the sandbox unless a value or a pattern of the environment matches it.
    ///
    /// # Errors
    /// 400 naming the label when a pattern is wrong or there are too many.
    pub(crate) fn labels(&mut self) -> Result<LabelMatchers, ApiError> {
        let mut matchers = self.labels_with_sandbox()?;
        let asks = |(label, matcher): (Label, &Matcher)| {
            label == Label::Environment && matches!(matcher, Matcher::In(_) | Matcher::Regex(_))
        };
        if !matchers.iter().any(asks) {
            let sandbox = BTreeSet::from([SANDBOX.to_owned()]);
            matchers.push(Label::Environment, Matcher::NotIn(sandbox));
        }
        Ok(matchers)
    }

    /// Reads [`LABELS`] as they are: the sandbox is like any other environment.
    ///
    /// # Errors
    /// 400 naming the label when a pattern is wrong or there are too many.
    pub(crate) fn labels_with_sandbox(&mut self) -> Result<LabelMatchers, ApiError> {
        let mut matchers = LabelMatchers::new();
        for parameter in LABELS {
            let values = self.read(&parameter)?;
            let read = matchers.read(parameter.label, values.iter().map(String::as_str));
            read.map_err(|error| ApiError::parameter(parameter.name(), error.to_string()))?;
        }
        self.narrow(&mut matchers)?;
        Ok(matchers)
    }

    /// Limits what is selected to the partners of the key.
    fn narrow(&self, matchers: &mut LabelMatchers) -> Result<(), ApiError> {
        let Some(partners) = self.caller().partners() else { return Ok(()) };
        for (label, matcher) in matchers.iter() {
            if let (Label::Partner, Matcher::In(named)) = (label, matcher)
                && let Some(foreign) = named.iter().find(|name| !partners.contains(*name))
            {
                let (key, foreign) = (self.caller().name(), excerpt(foreign));
                let detail = format!("key {key:?} is not for partner {foreign:?}");
                return Err(ApiError::new(ErrorCode::PartnerNotAllowed, detail));
            }
        }
        matchers.push(Label::Partner, Matcher::In(partners.clone()));
        Ok(())
    }

    /// The same in the production environment, where no environment is given.
    ///
    /// # Errors
    /// 400 naming the label when a pattern is wrong or there are too many.
    pub(crate) fn labels_in_production(&mut self) -> Result<LabelMatchers, ApiError> {
        let is_given = self.has(Label::Environment.as_str());
        let mut matchers = self.labels()?;
        if !is_given {
            let production = BTreeSet::from([PRODUCTION.to_owned()]);
            matchers.push(Label::Environment, Matcher::In(production));
        }
        Ok(matchers)
    }

    /// Reads [`STREAM`] and [`LABELS`]: the activity streams that are selected, all of them when none is
    /// named.
    ///
    /// # Errors
    /// 400 naming a parameter that is wrong.
    pub(crate) fn selector(&mut self, default: Option<&str>) -> Result<Selector, ApiError> {
        let stream = self.read(&STREAM)?.or_else(|| default.map(str::to_owned));
        Ok(Selector { kind: StreamKind::Activity, stream, labels: self.labels()? })
    }

    /// Reads [`BY`], each label once.
    ///
    /// # Errors
    /// 400 naming the parameter when it is not a label.
    pub(crate) fn by(&mut self) -> Result<Vec<Label>, ApiError> {
        let mut labels = Vec::new();
        for label in self.read(&BY)? {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        Ok(labels)
    }
}
