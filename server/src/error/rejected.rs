//! Rejected items: the parts of a push that were not stored, each with the field at fault and a stable code.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// Why an item was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RejectCode {
    /// A required field is missing.
    MissingField,
    /// A field has the wrong JSON type.
    WrongType,
    /// A label is empty, too long or has characters that labels may not have.
    InvalidLabel,
    /// A time is neither RFC 3339 nor epoch milliseconds.
    InvalidTime,
    /// A number or time is outside its range.
    OutOfRange,
    /// The item is too far ahead of the server's clock.
    InTheFuture,
    /// The item is so old that it would expire at once.
    OutsideRetention,
    /// The name is not an outcome class.
    UnknownOutcome,
    /// The item would need a new stream, and there are too many.
    StreamLimit,
    /// A line of a recording is not JSON.
    NotJson,
    /// A line of a recording is too long.
    TooLong,
}

impl RejectCode {
    /// The stable name that clients see.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::InvalidLabel => "invalid_label",
            Self::InvalidTime => "invalid_time",
            Self::OutOfRange => "out_of_range",
            Self::InTheFuture => "in_the_future",
            Self::OutsideRetention => "outside_retention",
            Self::UnknownOutcome => "unknown_outcome",
            Self::StreamLimit => "stream_limit",
            Self::NotJson => "not_json",
            Self::TooLong => "too_long",
        }
    }
}

impl Serialize for RejectCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for RejectCode {
    fn schema_name() -> Cow<'static, str> {
        "RejectCode".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Open, so that a client generated today accepts codes of later versions.
        json_schema!({"type": "string"})
    }
}

/// An item that was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RejectedItemBody")]
pub(crate) struct RejectedItem {
    /// JSON pointer to the field.
    pub(crate) pointer: String,
    /// Line of an NDJSON body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    pub(crate) code: RejectCode,
    pub(crate) detail: String,
}
