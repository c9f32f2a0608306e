//! The answer to a push.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{IgnoredField, RejectedItem};

/// The answer to a push.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PushBody {
    pub(crate) accepted: u64,
    pub(crate) duplicate: bool,
    pub(crate) rejected: Vec<RejectedItem>,
    /// How many items were rejected; more than are listed when there are very many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rejected_count: Option<u64>,
    /// Fields that were not used, each name once; the first twenty of very many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignored: Vec<IgnoredField>,
}
