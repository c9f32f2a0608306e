//! Rejected items: the parts of a push that were not stored, each with the field at fault and a stable code.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// Defines [`RejectCode`] from a table: variant, code, meaning.
macro_rules! reject_codes {
    ($($variant:ident $code:literal $meaning:literal;)+) => {
        /// Why an item was rejected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum RejectCode {
            $(#[doc = $meaning] $variant,)+
        }

        impl RejectCode {
            /// The stable name that clients see.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// Every code with its meaning, for the documentation.
            #[cfg(test)]
            pub(crate) const TABLE: &[(&str, &str)] = &[$(($code, $meaning),)+];
        }
    };
}

reject_codes! {
    MissingField "missing_field" "a required field is missing";
    RepeatedField "repeated_field" "a field is given more than once";
    UnknownField "unknown_field" "a part of a histogram is misspelt";
    WrongType "wrong_type" "a field has the wrong JSON type, or the item is not an object";
    InvalidLabel "invalid_label" "a label is empty, too long, or has control characters or invisible ones, or no query can name the stream";
    InvalidTime "invalid_time" "a time is neither RFC 3339 nor epoch milliseconds";
    OutOfRange "out_of_range" "a number or a time is outside its range";
    InTheFuture "in_the_future" "the item is more than 5 minutes ahead of the clock of the server";
    OutsideRetention "outside_retention" "the item is older than any resolution is kept";
    UnknownOutcome "unknown_outcome" "the name is not an outcome class";
    TooManySlots "too_many_slots" "summaries of long steps cover too many slots in one request";
    StreamLimit "stream_limit" "the item needs a new stream, and its partner or its name has too many; `/api/v1/cardinality` shows why";
    PartnerLimit "partner_limit" "the item needs a new partner, and there are too many, or too many new ones in an hour";
    PartnerNotAllowed "partner_not_allowed" "the key of the request is not for this partner";
    NotJson "not_json" "a line of a recording is not JSON (`plimsoll backtest --input`)";
    TooLong "too_long" "a line of a recording is too long (`plimsoll backtest --input`)";
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

/// A field of a push that was not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "IgnoredFieldBody")]
pub(crate) struct IgnoredField {
    /// JSON pointer to the first field of that name.
    pub(crate) pointer: String,
    /// Line of an NDJSON body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Why it was not used, and the field that was probably meant.
    pub(crate) detail: String,
    /// In how many items it was ignored.
    pub(crate) count: u64,
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
