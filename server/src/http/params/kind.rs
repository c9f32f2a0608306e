//! The kinds of values that parameters take: how each is read, and how it is described.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use plimsoll_alerting::{parse_duration_ms, parse_time};
use plimsoll_query::Confidence;
use plimsoll_storage::{Label, Outcome, TimestampMs, stream_name};
use serde_json::{Value, json};

use crate::wire::excerpt;

/// What values a parameter takes.
pub(crate) trait Kind {
    /// A value that was read.
    type Value;

    /// The JSON Schema of one value.
    fn schema(&self) -> Value;

    /// Reads one value.
    ///
    /// # Errors
    /// What is wrong with it, as it follows the name of the parameter.
    fn read(&self, text: &str) -> Result<Self::Value, String>;
}

/// The error for a value that is not one of those `wanted`.
pub(crate) fn unexpected(given: &str, wanted: &str) -> String {
    format!("is {:?}; use {wanted}", excerpt(given))
}

/// Any text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text;

impl Kind for Text {
    type Value = String;

    fn schema(&self) -> Value {
        json!({"type": "string"})
    }

    fn read(&self, text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
}

/// The name of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamName;

impl Kind for StreamName {
    type Value = String;

    fn schema(&self) -> Value {
        json!({"type": "string"})
    }

    fn read(&self, text: &str) -> Result<String, String> {
        if text.is_empty() {
            return Err("is empty; leave it out or name a stream".to_owned());
        }
        stream_name(text).map(Cow::into_owned).map_err(|error| error.to_string())
    }
}

/// The name of a label.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelName;

impl Kind for LabelName {
    type Value = Label;

    fn schema(&self) -> Value {
        json!({"enum": Label::ALL.map(Label::as_str)})
    }

    fn read(&self, text: &str) -> Result<Label, String> {
        let names = || format!("one of {}", Label::ALL.map(Label::as_str).join(", "));
        Label::parse(text).ok_or_else(|| unexpected(text, &names()))
    }
}

/// An outcome class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutcomeClass;

impl Kind for OutcomeClass {
    type Value = Outcome;

    fn schema(&self) -> Value {
        json!({"enum": Outcome::ALL.map(Outcome::as_str)})
    }

    fn read(&self, text: &str) -> Result<Outcome, String> {
        let names = || format!("classes among {}", Outcome::ALL.map(Outcome::as_str).join(", "));
        Outcome::parse(text).ok_or_else(|| unexpected(text, &names()))
    }
}

/// An outcome class of failures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailureClass;

impl Kind for FailureClass {
    type Value = Outcome;

    fn schema(&self) -> Value {
        json!({"enum": Outcome::FAILURES.map(Outcome::as_str)})
    }

    fn read(&self, text: &str) -> Result<Outcome, String> {
        let names = || {
            format!("failure classes among {}", Outcome::FAILURES.map(Outcome::as_str).join(", "))
        };
        let failure = Outcome::parse(text).filter(|class| class.is_failure());
        failure.ok_or_else(|| unexpected(text, &names()))
    }
}

/// One of some names, each of which stands for a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<T: 'static>(pub(crate) &'static [(&'static str, T)]);

/// Names that stand for themselves.
pub(crate) const fn same<const N: usize>(
    names: [&'static str; N],
) -> [(&'static str, &'static str); N] {
    let mut pairs = [("", ""); N];
    let mut at = 0;
    while at < N {
        pairs[at] = (names[at], names[at]);
        at += 1;
    }
    pairs
}

impl<T: Copy> Choice<T> {
    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

impl<T: Copy> Kind for Choice<T> {
    type Value = T;

    fn schema(&self) -> Value {
        json!({"enum": self.names()})
    }

    fn read(&self, text: &str) -> Result<T, String> {
        let found = self.0.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| unexpected(text, &self.names().join(", ")))
    }
}

/// RFC 3339 or milliseconds since 1970, in the years 2000 to 2099.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time;

impl Kind for Time {
    type Value = TimestampMs;

    fn schema(&self) -> Value {
        json!({"anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "integer", "description": "milliseconds since 1970 UTC"},
        ]})
    }

    fn read(&self, text: &str) -> Result<TimestampMs, String> {
        parse_time(text).map_err(|error| format!("is wrong: {error}"))
    }
}

/// A duration such as `30s`, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DurationMs;

impl Kind for DurationMs {
    type Value = i64;

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": "^[0-9]+ *(ms|s|m|h|d)$"})
    }

    fn read(&self, text: &str) -> Result<i64, String> {
        parse_duration_ms(text).map_err(|error| format!("is wrong: {error}"))
    }
}

/// The IANA name of a time zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeZoneName;

impl Kind for TimeZoneName {
    type Value = TimeZone;

    fn schema(&self) -> Value {
        json!({"type": "string", "format": "IANA time zone"})
    }

    fn read(&self, text: &str) -> Result<TimeZone, String> {
        TimeZone::get(text).map_err(|_| unexpected(text, "an IANA name such as Europe/Berlin"))
    }
}

/// A whole number from the first to the second, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Integer(pub(crate) usize, pub(crate) usize);

impl Kind for Integer {
    type Value = usize;

    fn schema(&self) -> Value {
        json!({"type": "integer", "minimum": self.0, "maximum": self.1})
    }

    fn read(&self, text: &str) -> Result<usize, String> {
        let number = text.parse().ok().filter(|number| (self.0..=self.1).contains(number));
        number.ok_or_else(|| unexpected(text, &format!("{} to {}", self.0, self.1)))
    }
}

/// A quantile: above 0 and up to 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantile;

impl Kind for Quantile {
    type Value = f64;

    fn schema(&self) -> Value {
        json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1})
    }

    fn read(&self, text: &str) -> Result<f64, String> {
        let quantile = text.parse().ok().filter(|q| *q > 0.0 && *q <= 1.0);
        quantile.ok_or_else(|| unexpected(text, "a number above 0 and up to 1, such as 0.95"))
    }
}

/// A confidence level: above 0 and below 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level;

impl Kind for Level {
    type Value = Confidence;

    fn schema(&self) -> Value {
        json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})
    }

    fn read(&self, text: &str) -> Result<Confidence, String> {
        let level = text.parse().ok().and_then(Confidence::new);
        level.ok_or_else(|| unexpected(text, "a number above 0 and below 1, such as 0.95"))
    }
}
