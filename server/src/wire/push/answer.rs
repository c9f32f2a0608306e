//! The answers to pushes and about labels, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ingest::Refusal;

/// The answer to a push.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PushBody {
    pub(crate) accepted: u64,
    pub(crate) duplicate: bool,
    pub(crate) rejected: Vec<RefusalBody>,
    /// How many items were refused; more than are listed when there are very many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rejected_count: Option<u64>,
}

/// An item that was refused.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RefusalBody {
    pub(crate) pointer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl From<Refusal> for RefusalBody {
    fn from(refusal: Refusal) -> Self {
        Self {
            pointer: refusal.pointer,
            line: refusal.line,
            code: refusal.problem.code,
            detail: refusal.problem.detail,
        }
    }
}

/// The reserved labels, each with how many values it has.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LabelNamesBody {
    pub(crate) labels: Vec<LabelNameBody>,
}

/// One reserved label.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LabelNameBody {
    pub(crate) name: &'static str,
    pub(crate) values: usize,
}

/// The values of a label.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LabelValuesBody {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}
