//! What can be wrong in a rules file: where, in which rule and field, and what to write instead.

use std::fmt;

/// Result of a check. Boxed, because what passes should not carry the size of what fails.
pub(super) type Checked<T> = Result<T, Box<RuleError>>;

/// One mistake in a rules file.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleError {
    /// Path of the file, when it was read from one.
    pub file: Option<String>,
    /// Line, from 1; 0 when unknown.
    pub line: u64,
    /// Column, from 1; 0 when unknown.
    pub column: u64,
    /// The entry, such as ``rule `partner-5xx` ``; empty for the file as a whole.
    pub entry: String,
    /// The field of the entry, when one is to blame.
    pub field: Option<&'static str>,
    /// What is wrong, and the remedy.
    pub problem: Problem,
}

impl std::error::Error for RuleError {}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), 0) => write!(f, "{file}: ")?,
            (Some(file), line) => write!(f, "{file}:{line}:{}: ", self.column)?,
            (None, 0) => {}
            (None, line) => write!(f, "line {line}, column {}: ", self.column)?,
        }
        if !self.entry.is_empty() {
            write!(f, "{}", self.entry)?;
            if let Some(field) = self.field {
                write!(f, ", field `{field}`")?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.problem)
    }
}

/// A mistake in a rules file, with its remedy in the sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not YAML, or not of the expected shape.
    #[error("{0}")]
    Shape(String),
    /// A needed field is not there.
    #[error("is missing; add {0}")]
    Missing(&'static str),
    /// A name with other characters or of another length than allowed.
    #[error("`{0}` is no name; use 1 to 100 of the characters A-Z a-z 0-9 _ . -")]
    Name(String),
    /// Two entries of the same name.
    #[error("`{0}` is defined twice; give each a name of its own")]
    Duplicate(String),
    /// More entries than the file may have.
    #[error("has {count} entries, the limit is {limit}")]
    TooMany {
        /// Entries found.
        count: usize,
        /// Entries allowed.
        limit: usize,
    },
    /// No such outcome class.
    #[error("`{0}` is no outcome class; use some of {1}")]
    Outcome(String, String),
    /// No such label.
    #[error("`{0}` is no label; use some of {1}")]
    Label(String, String),
    /// An empty list where it would select nothing.
    #[error("is an empty list; name at least one {0}")]
    EmptyList(&'static str),
    /// The counted classes are not among those they are compared with.
    #[error(
        "`{0}` is in `of` but not in `to`; a ratio compares a part with the whole, so add it to `to`"
    )]
    NotPartOfWhole(&'static str),
    /// A number outside its range.
    #[error("{value} is out of range; use {expected}")]
    OutOfRange {
        /// The number as written.
        value: String,
        /// The range in words.
        expected: &'static str,
    },
    /// Not a duration.
    #[error("`{0}` is no duration; write a whole number and a unit, such as 30s, 5m, 2h or 1d")]
    Duration(String),
    /// A duration outside its range.
    #[error("`{0}` is out of range; use more than 0s and at most 7d")]
    DurationRange(String),
    /// Not a threshold.
    #[error("`{0}` is no threshold of this signal; write it as in \"{1}\"")]
    Threshold(String, &'static str),
    /// A threshold in a unit of another signal.
    #[error(
        "`{text}` has the unit `{unit}`, which does not measure a {signal}; write it as in \"{example}\""
    )]
    ThresholdUnit {
        /// The threshold as written.
        text: String,
        /// Its unit.
        unit: String,
        /// Name of the signal.
        signal: &'static str,
        /// A threshold that fits.
        example: &'static str,
    },
    /// The two steps of the severity ladder are the wrong way round.
    #[error("`critical` must be worse than `warning`; swap them or drop one")]
    LadderOrder,
    /// Neither threshold is given.
    #[error("has no threshold; add `critical`, `warning` or both")]
    NoThreshold,
    /// One threshold bounds from above, the other from below.
    #[error("`critical` and `warning` must both say `>` or both say `<`")]
    LadderDirection,
    /// A field that this signal has no use for.
    #[error("does not go with this signal; use it with {0}")]
    NotForSignal(&'static str),
    /// A rule that is not there.
    #[error("`{0}` is no other rule of this file; name one that is")]
    UnknownRule(String),
    /// Not a time zone.
    #[error("`{0}` is no time zone; write its IANA name, such as Europe/Berlin")]
    TimeZone(String),
    /// Not a time of day.
    #[error("`{0}` is no time of day; write it as in 08:30, quoted")]
    TimeOfDay(String),
    /// Not a day of the week.
    #[error("`{0}` is no day of the week; use mon, tue, wed, thu, fri, sat, sun")]
    Weekday(String),
    /// Windows that do not ascend in whole minutes.
    #[error("must be whole minutes, ascending, from 1m to {limit_min}m")]
    Windows {
        /// The longest window.
        limit_min: u32,
    },
    /// A receiver that is not defined.
    #[error("`{0}` is no receiver of this file; define it under `receivers`")]
    UnknownReceiver(String),
    /// A receiver that is not there or is the very one that would be replaced.
    #[error("`{0}` is no other receiver of this file; name one that is")]
    NoOtherReceiver(String),
    /// Not an e-mail address.
    #[error(
        "`{0}` is no e-mail address; write it as in ops@example.org or \"Ops <ops@example.org>\""
    )]
    EmailAddress(String),
    /// A receiver of no kind or of several.
    #[error(
        "must be of exactly one kind; give `pagerduty`, `webhook`, `slack`, `alertmanager` or `email`"
    )]
    ReceiverKind,
    /// A template that cannot be filled in.
    #[error("is no usable template, in its line {line}: {detail}")]
    Template {
        /// Line of the template, from 1.
        line: u64,
        /// What is wrong there.
        detail: String,
    },
    /// Not a usable address.
    #[error(
        "is no usable address ({0}); write http:// or https://, a host and a path, without user name and password"
    )]
    Url(String),
    /// A secret's environment variable is not set.
    #[error(
        "the environment variable `{0}` is not set or empty; set it or give the secret another way"
    )]
    SecretEnv(String),
    /// A secret's file cannot be read.
    #[error("the secret file {path} cannot be used: {detail}")]
    SecretFile {
        /// The path that was tried.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Certificates that cannot be read.
    #[error("the certificate file {path} cannot be used: {detail}")]
    CaFile {
        /// The path that was tried.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Certificates for a connection that has none.
    #[error("has no use with `tls: none`; drop it, or use `starttls` or `tls`")]
    CaWithoutTls,
    /// An empty secret.
    #[error("is empty; give the secret, or {{ env: NAME }}, or {{ file: PATH }}")]
    SecretEmpty,
    /// A signing secret that is not what its prefix says.
    #[error("starts with `whsec_` but the rest is not base64; copy the secret again")]
    SecretEncoding,
    /// Not a time.
    #[error("`{0}` is no time; write it as in 2026-11-21T22:00:00Z")]
    Time(String),
    /// Not a date.
    #[error("`{0}` is no date; write it as in 2026-12-25")]
    Date(String),
    /// A maintenance that ends before it starts.
    #[error("ends before it starts; swap `start` and `end`")]
    EmptyPeriod,
}
