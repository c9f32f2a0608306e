//! One field of an item: a JSON value of any type becomes what the field should be, or a refusal that
//! says what it was.

use std::borrow::Cow;

use plimsoll_storage::limits::COUNT_MAX;
use plimsoll_storage::{LabelError, TimestampMs, check_label};

use crate::wire::push::tolerant::Scalar;
use crate::wire::push::truncated;
use crate::wire::time;

/// Why a field was refused: a stable code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// A field that failed: its place within the item, and why.
pub(crate) type Fault = (Cow<'static, str>, Problem);
pub(crate) type Checked<T> = Result<T, Fault>;

/// A field that failed.
pub(crate) fn fault<T>(
    field: &'static str,
    code: &'static str,
    detail: impl Into<String>,
) -> Checked<T> {
    Err((Cow::Borrowed(field), Problem::new(code, detail)))
}

/// The text of a label.
pub(crate) fn required_text<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<&'i str> {
    match value {
        Scalar::Missing => fault(field, "missing_field", "is required"),
        _ => label_text(field, value),
    }
}

/// The text of a label, empty when it is left out.
pub(crate) fn optional_text<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<&'i str> {
    match value {
        Scalar::Missing => Ok(""),
        _ => label_text(field, value),
    }
}

fn label_text<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<&'i str> {
    let Scalar::Text(text) = value else {
        return fault(field, "wrong_type", format!("must be a string, not {}", value.kind()));
    };
    match check_label(text) {
        Ok(()) => Ok(text),
        Err(error @ LabelError::Empty) => fault(field, "invalid_label", error.to_string()),
        Err(error) => fault(field, "invalid_label", format!("{:?} {error}", truncated(text))),
    }
}

/// A moment; nothing when it is left out.
pub(crate) fn read_time(field: &'static str, value: &Scalar<'_>) -> Checked<Option<TimestampMs>> {
    let at = match value {
        Scalar::Missing => return Ok(None),
        Scalar::Int(ms) => Some(TimestampMs(*ms)),
        Scalar::Uint(ms) => i64::try_from(*ms).ok().map(TimestampMs),
        Scalar::Float(ms) if ms.abs() < 9e15 => Some(TimestampMs(ms.floor() as i64)),
        Scalar::Text(text) => time::parse(text),
        _ => None,
    };
    match (at, value) {
        (Some(at), _) => Ok(Some(at)),
        (None, Scalar::Text(text)) => fault(
            field,
            "invalid_time",
            format!("{:?} is no time; use RFC 3339 or epoch milliseconds", truncated(text)),
        ),
        (None, Scalar::Uint(_) | Scalar::Float(_)) => {
            fault(field, "out_of_range", "is beyond the range of epoch milliseconds")
        }
        (None, _) => fault(
            field,
            "wrong_type",
            format!("must be RFC 3339 or epoch milliseconds, not {}", value.kind()),
        ),
    }
}

/// A number.
pub(crate) fn number(field: &'static str, value: &Scalar<'_>) -> Checked<f64> {
    match value {
        Scalar::Int(number) => Ok(*number as f64),
        Scalar::Uint(number) => Ok(*number as f64),
        Scalar::Float(number) => Ok(*number),
        Scalar::Missing => fault(field, "missing_field", "is required"),
        Scalar::Text(text) => {
            fault(field, "wrong_type", format!("must be a number, not {:?}", truncated(text)))
        }
        other => fault(field, "wrong_type", format!("must be a number, not {}", other.kind())),
    }
}

/// A count: a whole number from 0; 0 when it is left out.
pub(crate) fn count(field: &'static str, value: &Scalar<'_>) -> Checked<u64> {
    match value {
        Scalar::Missing => Ok(0),
        Scalar::Uint(count) if *count > COUNT_MAX => fault(field, "out_of_range", too_many(*count)),
        Scalar::Uint(count) => Ok(*count),
        Scalar::Int(_) => fault(field, "out_of_range", "must not be negative"),
        other => {
            fault(field, "wrong_type", format!("must be a whole number, not {}", other.kind()))
        }
    }
}

/// That a count is too large.
pub(crate) fn too_many(count: u64) -> String {
    format!("must be at most {COUNT_MAX}, not {count}")
}

/// A whole number; 0 when it is left out.
pub(crate) fn integer(field: &'static str, value: &Scalar<'_>) -> Checked<i64> {
    match value {
        Scalar::Missing => Ok(0),
        Scalar::Int(number) => Ok(*number),
        Scalar::Uint(number) => Ok(i64::try_from(*number).unwrap_or(i64::MAX)),
        other => {
            fault(field, "wrong_type", format!("must be a whole number, not {}", other.kind()))
        }
    }
}
