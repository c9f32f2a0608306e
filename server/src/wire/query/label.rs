//! Labels and their values as JSON.

use schemars::JsonSchema;
use serde::Serialize;

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
