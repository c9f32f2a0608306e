//! Selecting streams by the values of their labels.
//!
//! A matcher tests the distinct values of a label, not single streams, so a pattern costs as many tests as
//! the label has values.

use std::collections::{BTreeMap, BTreeSet};

use regex::{Regex, RegexBuilder};

use crate::limits::{PATTERN_BYTES_MAX, PATTERN_PROGRAM_BYTES_MAX};
use crate::model::labels::Label;

/// A condition on the value of a label. The empty value stands for an absent label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matcher {
    /// One of these.
    In(BTreeSet<String>),
    /// None of these.
    NotIn(BTreeSet<String>),
    /// Something the pattern matches from end to end.
    Regex(Pattern),
    /// Something the pattern does not match from end to end.
    NotRegex(Pattern),
}

impl Matcher {
    /// Whether a value of the label satisfies it.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Self::In(values) => values.contains(value),
            Self::NotIn(values) => !values.contains(value),
            Self::Regex(pattern) => pattern.is_match(value),
            Self::NotRegex(pattern) => !pattern.is_match(value),
        }
    }
}

/// A regular expression that must match a value from end to end, compiled once.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    anchored: Regex,
}

/// Why a pattern is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Longer than a pattern may be, or too large when compiled.
    #[error("is too large; the limit is {PATTERN_BYTES_MAX} bytes and repetitions count in full")]
    TooLarge,
    /// Not a regular expression.
    #[error("is no regular expression: {0}")]
    Syntax(String),
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When it is no regular expression, or one that would take too much memory.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        if source.len() > PATTERN_BYTES_MAX {
            return Err(PatternError::TooLarge);
        }
        // Without the group first: `a)|(b` must not become valid through the group around it.
        compile(source)?;
        // A comment of the `x` flag would hide the closing parenthesis: a line break ends the comment.
        let anchored = compile(&format!("^(?:{source})$"))
            .or_else(|_| compile(&format!("^(?:{source}\n)$")))?;
        Ok(Self { source: source.to_owned(), anchored })
    }

    /// The pattern as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether it matches the whole value.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        self.anchored.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

fn compile(source: &str) -> Result<Regex, PatternError> {
    let built = RegexBuilder::new(source)
        .size_limit(PATTERN_PROGRAM_BYTES_MAX)
        .dfa_size_limit(PATTERN_PROGRAM_BYTES_MAX)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
        other => {
            // The last line names the mistake; those before it show the pattern.
            let text = other.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            PatternError::Syntax(last.trim_start_matches("error: ").to_owned())
        }
    })
}

/// Conditions on the labels of a stream. All of them must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelMatchers {
    matchers: BTreeMap<Label, Vec<Matcher>>,
}

impl LabelMatchers {
    /// No condition: every stream matches.
    #[must_use]
    pub const fn new() -> Self {
        Self { matchers: BTreeMap::new() }
    }

    /// The condition that a label has one of some values.
    #[must_use]
    pub fn any_of<T: Into<String>>(label: Label, values: impl IntoIterator<Item = T>) -> Self {
        let mut matchers = Self::new();
        matchers.push(label, Matcher::In(values.into_iter().map(Into::into).collect()));
        matchers
    }

    /// Adds a condition.
    pub fn push(&mut self, label: Label, matcher: Matcher) {
        self.matchers.entry(label).or_default().push(matcher);
    }

    /// Puts a condition in the place of those on a label.
    pub fn replace(&mut self, label: Label, matcher: Matcher) {
        self.matchers.insert(label, vec![matcher]);
    }

    /// Whether labels satisfy every condition. A label without a value (`None`) satisfies none.
    pub fn accept<'a>(&self, value: impl Fn(Label) -> Option<&'a str>) -> bool {
        self.matchers.iter().all(|(label, matchers)| {
            value(*label).is_some_and(|value| matchers.iter().all(|it| it.accepts(value)))
        })
    }

    /// Whether there can be a value of the label that satisfies the conditions on it: of the values that they
    /// name, at least one, and no pattern is excluded again. Patterns that differ are not compared.
    #[must_use]
    pub fn is_possible(&self, label: Label) -> bool {
        let matchers = self.matchers.get(&label).map_or(&[][..], Vec::as_slice);
        let is_excluded = |matcher: &Matcher| match matcher {
            Matcher::Regex(pattern) => matchers.contains(&Matcher::NotRegex(pattern.clone())),
            Matcher::NotRegex(pattern) => pattern.as_str() == ".*",
            Matcher::In(_) | Matcher::NotIn(_) => false,
        };
        if matchers.iter().any(is_excluded) {
            return false;
        }
        let mut named = matchers.iter().filter_map(|matcher| match matcher {
            Matcher::In(values) => Some(values),
            _ => None,
        });
        named.all(|values| values.iter().any(|value| matchers.iter().all(|it| it.accepts(value))))
    }

    /// The only value that a label may have, when the conditions name it.
    #[must_use]
    pub fn only(&self, label: Label) -> Option<&str> {
        self.matchers.get(&label)?.iter().find_map(|matcher| match matcher {
            Matcher::In(values) if values.len() == 1 => values.first().map(String::as_str),
            _ => None,
        })
    }

    /// Whether there is no condition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.matchers.is_empty()
    }

    /// The conditions, in the order of the labels.
    pub fn iter(&self) -> impl Iterator<Item = (Label, &Matcher)> {
        let each = self.matchers.iter();
        each.flat_map(|(label, matchers)| matchers.iter().map(|matcher| (*label, matcher)))
    }
}

#[cfg(test)]
mod tests;
