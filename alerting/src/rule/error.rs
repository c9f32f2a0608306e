//! What can be wrong in a rules file: where, in which entry and field, and what to write instead.

use std::borrow::Cow;
use std::fmt;
use std::io;

use plimsoll_storage::{LabelError, SelectorError};

use crate::rule::targets::kind_names;
use crate::rule::types::OutOfReach;
use crate::text::quantity::QuantityError;
use crate::text::time::TimeError;

/// Result of a check. The error is boxed to keep the result small.
pub(super) type Checked<T> = Result<T, Box<RuleError>>;

/// A rules file that cannot be used. No variant ever carries a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesFileError {
    /// The file has a mistake.
    #[error(transparent)]
    Mistake(#[from] Box<RuleError>),

    /// The file cannot be read.
    #[error("the rules file {path} could not be read: {source}")]
    Unreadable {
        /// The path as given.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// One mistake in a rules file.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleError {
    /// Path of the file, when it was read from one.
    pub file: Option<String>,
    /// Line, from 1; 0 when it is unknown.
    pub line: u64,
    /// Column, from 1; 0 when it is unknown.
    pub column: u64,
    /// The entry, such as ``rule `partner-5xx` ``; empty for the file as a whole.
    pub entry: String,
    /// The field of the entry; `None` when the mistake is in no single field.
    pub field: Option<Cow<'static, str>>,
    /// What is wrong, and the remedy.
    pub problem: RuleProblem,
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
            if let Some(field) = &self.field {
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
pub enum RuleProblem {
    /// Not YAML, or not of the expected shape.
    #[error("{0}")]
    Shape(String),
    /// A required field is missing.
    #[error("is missing; add {0}")]
    Missing(&'static str),
    /// A name with other characters or of another length than allowed.
    #[error("`{0}` is not a valid name; use 1 to 100 of the characters A-Z a-z 0-9 _ . -")]
    Name(String),
    /// Two entries of the same name.
    #[error("`{0}` is defined twice; give each entry its own name")]
    Duplicate(String),
    /// More entries than the file may have.
    #[error("has {count} entries, but the limit is {limit}; remove some")]
    TooMany {
        /// Entries found.
        count: usize,
        /// Entries allowed.
        limit: usize,
    },
    /// An unknown outcome class.
    #[error("`{0}` is not an outcome class; use some of {1}")]
    Outcome(String, String),
    /// An unknown label.
    #[error("`{0}` is not a label; use some of {1}")]
    Label(String, String),
    /// An empty list, which would select nothing.
    #[error("is an empty list; name at least one {0}")]
    EmptyList(&'static str),
    /// A label value that is no text, because it is not in quotes.
    #[error("`{0}` is {1} in YAML; put the value in quotes")]
    Unquoted(&'static str, &'static str),
    /// Values of a label that select nothing.
    #[error("`{0}` {1}")]
    Selector(&'static str, SelectorError),
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
    #[error(transparent)]
    Duration(#[from] QuantityError),
    /// A duration outside its range.
    #[error("`{0}` is out of range; use more than 0s and at most 7d")]
    DurationRange(String),
    /// A duration of a rule that is not whole slots.
    #[error("`{text}` is not a whole number of slots, which last {slot}; write {near}")]
    NotWholeSlots {
        /// The duration as written.
        text: String,
        /// The width of a slot.
        slot: String,
        /// The durations beside it that are whole slots.
        near: String,
    },
    /// A window with too few slots for a forecast.
    #[error("is too short: a forecast needs the levels of three slots; write at least {0}")]
    ForecastWindow(String),
    /// A window whose last twelfth is no slot.
    #[error(
        "is too short: a burn rate must also hold in the last twelfth of its window, which is less than a slot; \
         write at least {0}"
    )]
    BurnWindow(String),
    /// A duration that is not whole minutes or hours.
    #[error("`{text}` is not a whole number of {unit}s; write it as in {example}")]
    NotWhole {
        /// The duration as written.
        text: String,
        /// `minute` or `hour`.
        unit: &'static str,
        /// A duration that fits.
        example: &'static str,
    },
    /// A `clear.level` that an alert without it would not reach.
    #[error(
        "`{0}` is beyond the threshold, so it has no effect; write a level on the good side of it"
    )]
    ClearBeyond(String),
    /// A `clear.level` in the direction that the thresholds do not have.
    #[error("`{0}` must have the sign of the thresholds")]
    ClearDirection(String),
    /// A burn rate above the highest one that there is.
    #[error(
        "`{text}` can never be crossed: when everything fails, this objective gives a burn rate of \
         {most}; write less"
    )]
    BurnNever {
        /// The threshold as written.
        text: String,
        /// The highest burn rate.
        most: f64,
    },
    /// A ratio that is always 100 %.
    #[error(
        "counts every class that it compares with, so it is always 100%; remove some from `of`"
    )]
    WholeRatio,
    /// A count that the signal never has.
    #[error("is never met, because this signal counts one item; remove it")]
    CountNever,
    /// A scan whose windows are too short for what they need.
    #[error(
        "can never fire: its longest window has {longest} minutes, but {needed} must be bad; write a longer \
         window or fewer `bad_minutes`"
    )]
    ScanNever {
        /// Minutes of the longest window.
        longest: u32,
        /// Minutes that must be bad.
        needed: u32,
    },
    /// A `few_span` that is longer than the longest window of the scan, in minutes.
    #[error("is too long for a window of {0}m: few items never suffice; write at most {1}m")]
    ScanSpread(u32, u32),
    /// A field that is not used.
    #[error("has no effect {0}")]
    NoEffect(&'static str),
    /// Hours that are none, or over before an alert can fire.
    #[error("{0}")]
    Hours(String),
    /// Not a threshold.
    #[error("`{text}` is not a threshold of this signal: {reason}; write it as in \"{example}\"")]
    Threshold {
        /// The threshold as written.
        text: String,
        /// What is wrong with it.
        reason: String,
        /// A threshold that fits.
        example: &'static str,
    },
    /// A threshold in the unit of another signal.
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
    /// `critical` is reached before `warning`.
    #[error("`critical` must be worse than `warning`; swap them or remove one")]
    ThresholdOrder,
    /// Settings of a scan that a drop does not have.
    #[error("has `bad_minutes`, `few` or `few_span`, which do not apply to a drop; remove them")]
    NotForDrop,
    /// Neither threshold is set.
    #[error("has no threshold; add `critical`, `warning` or both")]
    NoThreshold,
    /// One threshold bounds from above, the other from below.
    #[error("`critical` and `warning` must both use `>` or both use `<`")]
    ThresholdDirection,
    /// A field that does not apply to this signal.
    #[error("does not apply to this signal; use it with {0}")]
    NotForSignal(&'static str),
    /// An entry that the file does not define.
    #[error("there is no {kind} `{name}` in this file; {remedy}")]
    Unknown {
        /// What it would be: `rule`, `receiver`, `partner`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The remedy.
        remedy: String,
    },
    /// An entry that depends on itself.
    #[error("goes in a circle: {0}; remove one of these dependencies")]
    Circle(String),
    /// Not a time zone.
    #[error("`{0}` is not a time zone; {1}")]
    TimeZone(String, String),
    /// Not a country.
    #[error("`{0}` is not a country; write its two-letter code (ISO 3166), such as DE{1}")]
    Country(String, &'static str),
    /// A name that no label or stream can have.
    #[error("the name {0:?} {1}")]
    LabelValue(String, LabelError),
    /// A selector in the place of the name of a partner.
    #[error(
        "`{0}` is not the name of a partner; each entry describes one, so write its plain name"
    )]
    PartnerSelector(String),
    /// Conditions that contradict each other.
    #[error("`{0}` selects nothing, because its conditions contradict each other; remove one")]
    SelectsNothing(&'static str),
    /// Not a time of day.
    #[error("`{0}` is not a time of day; write it as in 08:30, quoted")]
    TimeOfDay(String),
    /// Not a day of the week.
    #[error("`{0}` is not a day of the week; use mon, tue, wed, thu, fri, sat, sun")]
    Weekday(String),
    /// Windows that are not whole minutes in ascending order.
    #[error("must be whole minutes in ascending order, from 1m to {limit_min}m")]
    Windows {
        /// The longest window.
        limit_min: u32,
    },
    /// A receiver that would take its own place.
    #[error("names the receiver itself; name another one")]
    ItselfNext,
    /// `"*"` in a file whose receivers all are only for escalation.
    #[error(
        "`*` names nobody, because every receiver is the escalation of another; name receivers"
    )]
    EveryoneEscalates,
    /// Not an e-mail address.
    #[error(
        "`{0}` is not an e-mail address; write it as in ops@example.org or \"Ops <ops@example.org>\""
    )]
    EmailAddress(String),
    /// A receiver without a kind, or of several kinds.
    #[error("must be of exactly one kind; give {}", kind_names())]
    ReceiverKind,
    /// A template that cannot be rendered.
    #[error("is not a valid template, line {line}: {detail}")]
    Template {
        /// Line of the template, from 1.
        line: u64,
        /// What is wrong in that line.
        detail: String,
    },
    /// Not a valid address; what it must be follows.
    #[error("is not a valid address ({0}); write {1}")]
    Url(&'static str, &'static str),
    /// Not what it must be, which follows with the remedy.
    #[error("is not {0}")]
    NotA(&'static str),
    /// Not the host of a mail server.
    #[error(
        "`{0}` is not a host; write a name or an IP address, such as smtp.example.org, and the port as `port`"
    )]
    MailHost(String),
    /// A variable that the rules file does not replace.
    #[error("`{0}` is not replaced in the rules file; write {{ env: {1} }}")]
    Variable(String, String),
    /// A name that no environment variable has.
    #[error(
        "`{0}` is not the name of an environment variable; write it without $ and braces, as in \
         {{ env: PD_KEY }}"
    )]
    VariableName(String),
    /// A secret with a line break or another control character.
    #[error("holds a line break or another control character; a secret is one line")]
    SecretControl,
    /// A secret with spaces around it.
    #[error("has spaces around it; remove them")]
    SecretSpaces,
    /// A secret's environment variable is not set.
    #[error(
        "the environment variable `{0}` is not set or is empty; set it or give the secret another way"
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
    /// Certificates for a connection without TLS.
    #[error("has no effect with `tls: none`; remove it, or use `starttls` or `tls`")]
    CaWithoutTls,
    /// An empty secret.
    #[error("is empty; give the secret, {{ env: NAME }} or {{ file: PATH }}")]
    SecretEmpty,
    /// A signing secret that does not match its prefix.
    #[error("starts with `whsec_` but the rest is not base64; copy the secret again")]
    SecretEncoding,
    /// Not a time.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// Not a date.
    #[error("`{0}` is not a date; write it as in 2026-12-25")]
    Date(String),
    /// Maintenance that no rule heeds; why the first one does not follows.
    #[error(
        "selects no alert of any rule; of the first rule: {0}. Name labels that rules group by, or of which \
         they match one value"
    )]
    ReachesNoRule(OutOfReach),
    /// A receiver that is replaced only after its notifications are given up.
    #[error(
        "replaces the receiver after {after}, but a notification is given up after {give_up_after}; make \
         `after` shorter than `give_up_after`"
    )]
    FailOverTooLate {
        /// `after` of `fail_over`.
        after: String,
        /// `give_up_after` of the receiver.
        give_up_after: String,
    },
    /// A maintenance period that ends before it starts.
    #[error("ends before it starts; swap `start` and `end`")]
    EmptyPeriod,
}
