//! Exemplars as JSON.

use std::collections::BTreeMap;

use plimsoll_storage::{Exemplar, IdName, Label, StreamKey};
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::query::series::{CoversBody, LabelsBody};
use crate::wire::time;

/// In the place of an id for those who may not see ids.
const REDACTED: &str = "redacted";

/// Single events.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExemplarsBody {
    /// The newest or slowest first, each set of ids once.
    pub(crate) exemplars: Vec<ExemplarBody>,
    pub(crate) covers: CoversBody,
    /// Whether the range has more such events than are listed: the limit is lower, or they were not kept, had
    /// no ids, or had those of another event.
    pub(crate) is_cut: bool,
    /// How many such events were counted in the slots covered, with or without ids; left out when the range
    /// has too many cells to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<u64>,
    /// What cannot be read and is missing from the answer; left out when nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) damaged: Vec<String>,
}

/// One event.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExemplarBody {
    at: String,
    outcome: &'static str,
    latency_ms: Option<f64>,
    ids: BTreeMap<&'static str, String>,
    stream: String,
    labels: LabelsBody,
}

impl ExemplarBody {
    /// The same with the names of its ids only.
    pub(crate) fn redacted(mut self) -> Self {
        self.ids.values_mut().for_each(|id| REDACTED.clone_into(id));
        self
    }
}

impl From<(StreamKey, Exemplar)> for ExemplarBody {
    fn from((stream, exemplar): (StreamKey, Exemplar)) -> Self {
        let ids = IdName::ALL.map(IdName::as_str).into_iter().zip(exemplar.ids);
        let labels = Label::ALL.into_iter().map(|it| (it.as_str(), stream.label(it).to_owned()));
        Self {
            at: time::format(exemplar.at),
            outcome: exemplar.outcome.as_str(),
            latency_ms: exemplar.duration_us.map(|us| us as f64 / 1e3),
            ids: ids.filter(|(_, id)| !id.is_empty()).collect(),
            labels: labels.filter(|(_, value)| !value.is_empty()).collect(),
            stream: stream.name.into(),
        }
    }
}
