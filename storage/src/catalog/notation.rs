//! The notation of selectors, which queries, rules, maintenance, silences and the command line share:
//! `dhl`, `!dhl`, `~dhl.*`, `!~dhl.*`, and several of them with commas.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::matcher::{LabelMatchers, Matcher, Pattern, PatternError};
use crate::model::labels::{Label, LabelError, normal_label};

/// Patterns that a selector may have for a label.
const PATTERNS_MAX: usize = 16;
/// Characters of a value that an error shows.
const SHOWN_CHARS_MAX: usize = 60;
/// What a backslash before it makes a plain character.
const SPECIAL: [char; 5] = ['\\', ',', '!', '~', '='];
/// What a plain value begins with only after a backslash.
const OPERATORS: [char; 3] = ['!', '~', '='];

/// Why the values of a label are not a selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// A pattern that is not valid.
    #[error("has the pattern {0:?}, which {1}")]
    Pattern(String, PatternError),
    /// Too many patterns.
    #[error("has more than {PATTERNS_MAX} patterns; join them with |")]
    TooManyPatterns,
    /// A value that no label can have.
    #[error("has the value {0:?}, which {1}")]
    Value(String, LabelError),
    /// The empty value of a label that is never absent.
    #[error(
        "has an empty value, but no stream is without `{0}`; name a value, or leave `{0}` out for all"
    )]
    NeverAbsent(&'static str),
    /// A value that begins with operators of another notation.
    #[error(
        "has the value {0:?}, whose operator is not known; write dhl, !dhl, ~dhl.* or !~dhl.*, or a backslash before it"
    )]
    Operator(String),
    /// A selector in the place of the name of one stream.
    #[error(
        "has the value {0:?}, but names one stream; it takes no commas and none of !, ~ and = before the name"
    )]
    NotOneStream(String),
    /// A name that no stream can have.
    #[error("{0}")]
    StreamName(LabelError),
}

/// Reads the name of a stream, which is one name and no selector, in the form in which names are stored.
///
/// # Errors
/// A selector, or a name that no stream can have.
pub fn stream_name(text: &str) -> Result<Cow<'_, str>, SelectorError> {
    if text.trim_start().starts_with(OPERATORS) || text.contains(',') {
        return Err(SelectorError::NotOneStream(shown(text)));
    }
    normal_label(text).map_err(SelectorError::StreamName)
}

impl LabelMatchers {
    /// Adds the conditions that some values put on a label. A comma separates values; spaces around a value
    /// do not count. The label must have one of the plain values and none of those written `!value`; it must
    /// match `~pattern` as a whole and must not match `!~pattern`. The empty value stands for no label.
    /// A backslash makes a comma, `!`, `~`, `=` or backslash a plain character of a value. In a pattern, the
    /// brackets of the pattern do so with commas too, and everything else is left to the pattern.
    ///
    /// # Errors
    /// The first value that cannot select anything.
    pub fn read<'a>(
        &mut self,
        label: Label,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), SelectorError> {
        let (mut any_of, mut none_of) = (BTreeSet::new(), BTreeSet::new());
        let mut patterns = Vec::new();
        for value in values.into_iter().flat_map(split) {
            if let Some(text) = value.strip_prefix("!~") {
                patterns.push(Matcher::NotRegex(pattern(label, text)?));
            } else if let Some(text) = value.strip_prefix('~') {
                patterns.push(Matcher::Regex(pattern(label, text)?));
            } else if let Some(excluded) = value.strip_prefix('!') {
                none_of.insert(plain(label, excluded)?);
            } else {
                any_of.insert(plain(label, value)?);
            }
            if patterns.len() > PATTERNS_MAX {
                return Err(SelectorError::TooManyPatterns);
            }
        }
        if !any_of.is_empty() {
            self.push(label, Matcher::In(any_of));
        }
        if !none_of.is_empty() {
            self.push(label, Matcher::NotIn(none_of));
        }
        patterns.into_iter().for_each(|pattern| self.push(label, pattern));
        Ok(())
    }

    /// The conditions in the notation that [`read`](Self::read) reads, for each label.
    #[must_use]
    pub fn written(&self) -> BTreeMap<Label, Vec<String>> {
        let mut written: BTreeMap<Label, Vec<String>> = BTreeMap::new();
        for (label, matcher) in self.iter() {
            written.entry(label).or_default().extend(matcher.written());
        }
        written
    }
}

impl Matcher {
    /// The condition in the notation of selectors, a text for each value.
    #[must_use]
    pub fn written(&self) -> Vec<String> {
        match self {
            Self::In(values) => values.iter().map(|value| escaped(value)).collect(),
            Self::NotIn(values) => values.iter().map(|it| format!("!{}", escaped(it))).collect(),
            Self::Regex(pattern) => vec![format!("~{}", pattern.as_str())],
            Self::NotRegex(pattern) => vec![format!("!~{}", pattern.as_str())],
        }
    }
}

/// The values that commas separate, without the spaces around them.
fn split(text: &str) -> Vec<&str> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some(comma) = first_comma(rest) {
        values.push(rest[..comma].trim());
        rest = &rest[comma + 1..];
    }
    values.push(rest.trim());
    values
}

/// The position of the first comma that ends a value.
fn first_comma(text: &str) -> Option<usize> {
    let is_pattern = text.trim_start().trim_start_matches('!').starts_with('~');
    let (mut depth, mut is_escaped) = (0_u32, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '(' | '[' | '{' if is_pattern => depth += 1,
            ')' | ']' | '}' if is_pattern => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// A plain value without its backslashes, in the form in which label values are stored.
fn plain(label: Label, text: &str) -> Result<String, SelectorError> {
    if text.trim_start().starts_with(OPERATORS) {
        return Err(SelectorError::Operator(shown(text)));
    }
    let mut value = String::with_capacity(text.len());
    let mut rest = text.trim().chars().peekable();
    while let Some(c) = rest.next() {
        let escapes = c == '\\' && rest.peek().is_some_and(|next| SPECIAL.contains(next));
        value.extend(if escapes { rest.next() } else { Some(c) });
    }
    if value.is_empty() {
        return can_be_absent(label).map(|()| value);
    }
    let normal = normal_label(&value).map(Cow::into_owned);
    normal.map_err(|error| SelectorError::Value(shown(&value), error))
}

/// Every stream has a partner, and an environment because it has a default.
fn can_be_absent(label: Label) -> Result<(), SelectorError> {
    match label {
        Label::Partner | Label::Environment => Err(SelectorError::NeverAbsent(label.as_str())),
        _ => Ok(()),
    }
}

fn pattern(label: Label, text: &str) -> Result<Pattern, SelectorError> {
    let text = text.trim_start();
    if text.is_empty() {
        can_be_absent(label)?;
    }
    Pattern::new(text).map_err(|error| SelectorError::Pattern(shown(text), error))
}

/// A plain value with the backslashes that it needs.
fn escaped(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        if matches!(c, '\\' | ',') || at == 0 && SPECIAL.contains(&c) {
            written.push('\\');
        }
        written.push(c);
    }
    written
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
