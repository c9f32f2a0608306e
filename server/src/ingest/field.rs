//! One field of an item: a JSON value of any type becomes the type of the field, or an error that says what
//! it was.

use std::borrow::Cow;

use plimsoll_alerting::{TimeError, parse_time, time_of_number};
use plimsoll_storage::limits::COUNT_MAX;
use plimsoll_storage::{LabelError, TimestampMs, check_text, normal_label};

use crate::error::RejectCode;
use crate::wire::excerpt;
use crate::wire::push::tolerant::Scalar;

/// A field that failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// JSON pointer within the item; empty for the item as a whole.
    pub(crate) field: Cow<'static, str>,
    pub(crate) code: RejectCode,
    pub(crate) detail: String,
}

impl FieldError {
    pub(crate) fn new(
        field: impl Into<Cow<'static, str>>,
        code: RejectCode,
        detail: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code, detail: detail.into() }
    }

    /// The same error for the value of `name` in the object at `field`.
    pub(crate) fn of(self, field: &str, name: &str) -> Self {
        // A token of a JSON pointer (RFC 6901).
        let token = excerpt(name).replace('~', "~0").replace('/', "~1");
        Self { field: format!("{field}/{token}").into(), ..self }
    }
}

pub(crate) type Checked<T> = Result<T, FieldError>;

/// The error of a field that failed.
pub(crate) fn wrong<T>(
    field: &'static str,
    code: RejectCode,
    detail: impl Into<String>,
) -> Checked<T> {
    Err(FieldError::new(field, code, detail))
}

/// The normal form of a label.
pub(crate) fn required_label<'i>(
    field: &'static str,
    value: &'i Scalar<'_>,
) -> Checked<Cow<'i, str>> {
    match value {
        Scalar::Missing => wrong(field, RejectCode::MissingField, "is required"),
        _ => optional_label(field, value),
    }
}

/// The normal form of a label; empty when the field is missing.
pub(crate) fn optional_label<'i>(
    field: &'static str,
    value: &'i Scalar<'_>,
) -> Checked<Cow<'i, str>> {
    let Some(text) = text_of(field, value)? else { return Ok(Cow::Borrowed("")) };
    normal_label(text).or_else(|error| invalid(field, text, error))
}

/// A text that is kept as it is; empty when the field is missing.
pub(crate) fn optional_text<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<&'i str> {
    let Some(text) = text_of(field, value)? else { return Ok("") };
    check_text(text).map(|()| text).or_else(|error| invalid(field, text, error))
}

fn text_of<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<Option<&'i str>> {
    match value {
        Scalar::Missing => Ok(None),
        Scalar::Text(text) => Ok(Some(text)),
        other => {
            wrong(field, RejectCode::WrongType, format!("must be a string, not {}", other.kind()))
        }
    }
}

fn invalid<T>(field: &'static str, text: &str, error: LabelError) -> Checked<T> {
    let detail = match error {
        LabelError::Empty => error.to_string(),
        _ => format!("{:?} {error}", excerpt(text)),
    };
    wrong(field, RejectCode::InvalidLabel, detail)
}

/// A time; `None` when the field is missing.
pub(crate) fn read_time(field: &'static str, value: &Scalar<'_>) -> Checked<Option<TimestampMs>> {
    let read = match value {
        Scalar::Missing => return Ok(None),
        Scalar::Int(ms) => time_of_number(*ms as f64, ms),
        Scalar::Uint(ms) => time_of_number(*ms as f64, ms),
        Scalar::Float(ms) => time_of_number(*ms, ms),
        Scalar::Text(text) => parse_time(text),
        _ => {
            let detail = format!("must be RFC 3339 or epoch milliseconds, not {}", value.kind());
            return wrong(field, RejectCode::WrongType, detail);
        }
    };
    read.map(Some).or_else(|error| {
        let code = match error {
            TimeError::Unit { .. } | TimeError::OutOfRange(_) => RejectCode::OutOfRange,
            TimeError::Unreadable(_) | TimeError::DateOnly(_) | TimeError::NoOffset(_) => {
                RejectCode::InvalidTime
            }
        };
        wrong(field, code, format!("is wrong: {error}"))
    })
}

/// A number.
pub(crate) fn number(field: &'static str, value: &Scalar<'_>) -> Checked<f64> {
    match value {
        Scalar::Int(number) => Ok(*number as f64),
        Scalar::Uint(number) => Ok(*number as f64),
        Scalar::Float(number) => Ok(*number),
        Scalar::Missing => wrong(field, RejectCode::MissingField, "is required"),
        Scalar::Text(text) => wrong(
            field,
            RejectCode::WrongType,
            format!("must be a number, not {:?}", excerpt(text)),
        ),
        other => {
            wrong(field, RejectCode::WrongType, format!("must be a number, not {}", other.kind()))
        }
    }
}

/// A count: a whole number from 0; 0 when the field is missing.
pub(crate) fn count(field: &'static str, value: &Scalar<'_>) -> Checked<u64> {
    match value {
        Scalar::Missing => Ok(0),
        Scalar::Uint(count) if *count > COUNT_MAX => {
            wrong(field, RejectCode::OutOfRange, too_many(*count))
        }
        Scalar::Uint(count) => Ok(*count),
        Scalar::Int(_) => wrong(field, RejectCode::OutOfRange, "must not be negative"),
        other => wrong(
            field,
            RejectCode::WrongType,
            format!("must be a whole number, not {}", other.kind()),
        ),
    }
}

/// The error text for a count that is too large.
pub(crate) fn too_many(count: u64) -> String {
    format!("must be at most {COUNT_MAX}, not {count}")
}

/// A whole number; 0 when the field is missing.
pub(crate) fn integer(field: &'static str, value: &Scalar<'_>) -> Checked<i64> {
    match value {
        Scalar::Missing => Ok(0),
        Scalar::Int(number) => Ok(*number),
        Scalar::Uint(number) => Ok(i64::try_from(*number).unwrap_or(i64::MAX)),
        other => wrong(
            field,
            RejectCode::WrongType,
            format!("must be a whole number, not {}", other.kind()),
        ),
    }
}
