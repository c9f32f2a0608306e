//! One field of an item: a JSON value of any type becomes the type of the field, or an error that says what
//! it was.

use std::borrow::Cow;
use std::fmt::Display;

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

    /// The error for a field that is given more than once.
    pub(super) fn repeated(name: &str) -> Self {
        let detail = "is given more than once; keep one of them";
        Self::new(token(name), RejectCode::RepeatedField, detail)
    }

    /// The same error for the object at `field`.
    pub(super) fn within(self, field: &str) -> Self {
        Self { field: format!("{field}{}", self.field).into(), ..self }
    }

    /// The same error for the value of `name` in the object at `field`.
    pub(crate) fn of(self, field: &str, name: &str) -> Self {
        Self { field: format!("{field}{}", token(name)).into(), ..self }
    }
}

/// A name as the last token of a JSON pointer (RFC 6901).
pub(super) fn token(name: &str) -> String {
    format!("/{}", excerpt(name).replace('~', "~0").replace('/', "~1"))
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
        LabelError::Empty | LabelError::Noncharacter => error.to_string(),
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
        other => {
            wrong(field, RejectCode::WrongType, format!("must be a number, not {}", other.shown()))
        }
    }
}

/// A whole number; 0 when the field is missing.
pub(crate) fn integer(field: &'static str, value: &Scalar<'_>) -> Checked<i64> {
    whole(field, value, value.whole())
}

/// [`integer`], also in quotes: so OTLP writes integers of 64 bits.
pub(crate) fn otlp_integer(field: &'static str, value: &Scalar<'_>) -> Checked<i64> {
    whole(field, value, value.whole_or_quoted())
}

/// [`number`], also in quotes; 0 when the field is missing.
pub(crate) fn otlp_number(field: &'static str, value: &Scalar<'_>) -> Checked<f64> {
    match value {
        Scalar::Missing => Ok(0.0),
        Scalar::Text(text) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => number(field, value),
        },
        _ => number(field, value),
    }
}

/// A count: a whole number from 0; 0 when the field is missing.
pub(crate) fn count(field: &'static str, value: &Scalar<'_>) -> Checked<u64> {
    integer(field, value).and_then(|number| as_count(field, value, number))
}

/// [`count`], also in quotes.
pub(crate) fn otlp_count(field: &'static str, value: &Scalar<'_>) -> Checked<u64> {
    otlp_integer(field, value).and_then(|number| as_count(field, value, number))
}

fn whole(field: &'static str, value: &Scalar<'_>, read: Option<i64>) -> Checked<i64> {
    match (value, read) {
        (Scalar::Missing, _) => Ok(0),
        (_, Some(number)) => Ok(number),
        (other, None) => {
            let detail = format!("must be a whole number, not {}", other.shown());
            wrong(field, RejectCode::WrongType, detail)
        }
    }
}

fn as_count(field: &'static str, value: &Scalar<'_>, number: i64) -> Checked<u64> {
    match u64::try_from(number) {
        Ok(count) if count <= COUNT_MAX => Ok(count),
        Ok(_) => wrong(field, RejectCode::OutOfRange, too_many(value.shown())),
        Err(_) => wrong(field, RejectCode::OutOfRange, "must not be negative"),
    }
}

/// The error text for a count that is too large.
pub(crate) fn too_many(count: impl Display) -> String {
    format!("must be at most {COUNT_MAX}, not {count}")
}
