//! The labels of a request path: partner, operation, environment, site.
//!
//! A label is a path segment (`path:1` is the first) or the same for every line. A mapping file sets the
//! labels of paths below a prefix; labels that it does not set are taken from the flags.

use std::borrow::Cow;
use std::str::FromStr;

use super::reason::UnreadableReason;

/// Longest label value, in bytes: the limit of the store, so that a bad line is counted and not sent.
const LABEL_BYTES_MAX: usize = 128;

/// Where the value of a label comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LabelSource {
    /// The same for every line.
    Literal(String),
    /// The n-th segment of the path, counted from 1.
    Segment(usize),
}

impl FromStr for LabelSource {
    type Err = LabelSourceError;

    /// `path:N` is a segment, any other text a literal.
    fn from_str(text: &str) -> Result<Self, LabelSourceError> {
        let Some(number) = text.strip_prefix("path:") else {
            let label =
                checked_label(Cow::Borrowed(text)).map_err(|_| LabelSourceError::BadLabel)?;
            return Ok(Self::Literal(label.into_owned()));
        };
        match number.parse() {
            Ok(number) if number > 0 => Ok(Self::Segment(number)),
            _ => Err(LabelSourceError::BadSegment(number.to_owned())),
        }
    }
}

impl LabelSource {
    /// The value for a path; `None` if the path has no such segment.
    fn value<'a>(&'a self, path: &'a str) -> Option<Cow<'a, str>> {
        match self {
            Self::Literal(value) => Some(Cow::Borrowed(value)),
            Self::Segment(number) => segment(path, *number),
        }
    }
}

/// Why a text is not a [`LabelSource`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LabelSourceError {
    /// `path:` without a segment number.
    #[error("path:{0} is not a segment: segments count from 1, as in path:1")]
    BadSegment(String),
    /// A literal that the store would reject.
    #[error("a label has 1 to {LABEL_BYTES_MAX} bytes and no control characters")]
    BadLabel,
}

/// The labels of a route; what is `None` is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LabelSources {
    /// Where the partner comes from; a line without a partner is not imported.
    pub(crate) partner: Option<LabelSource>,
    /// Where the operation comes from.
    pub(crate) operation: Option<LabelSource>,
    /// Where the environment comes from.
    pub(crate) environment: Option<LabelSource>,
    /// Where the site comes from.
    pub(crate) site: Option<LabelSource>,
}

impl LabelSources {
    /// Each label as set here, or else as in `other`.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            partner: self.partner.or_else(|| other.partner.clone()),
            operation: self.operation.or_else(|| other.operation.clone()),
            environment: self.environment.or_else(|| other.environment.clone()),
            site: self.site.or_else(|| other.site.clone()),
        }
    }

    fn labels<'a>(&'a self, path: &'a str) -> Result<LineLabels<'a>, UnreadableReason> {
        let value = |source: &'a Option<LabelSource>| {
            let value = source.as_ref().and_then(|source| source.value(path));
            value.map(checked_label).transpose()
        };
        Ok(LineLabels {
            is_of_path: matches!(self.partner, Some(LabelSource::Segment(_))),
            partner: value(&self.partner)?.ok_or(UnreadableReason::NoPartner)?,
            operation: value(&self.operation)?,
            environment: value(&self.environment)?,
            site: value(&self.site)?,
        })
    }
}

/// The labels of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineLabels<'a> {
    /// The partner.
    pub(crate) partner: Cow<'a, str>,
    /// Whether the path names the partner.
    pub(crate) is_of_path: bool,
    /// The operation, if the route names one and the path has it.
    pub(crate) operation: Option<Cow<'a, str>>,
    /// The environment, if the route names one.
    pub(crate) environment: Option<Cow<'a, str>>,
    /// The site, if the route names one.
    pub(crate) site: Option<Cow<'a, str>>,
}

/// All routes of an import.
#[derive(Debug, Clone, Default)]
pub(crate) struct Routes {
    /// Prefix and labels, longest prefix first.
    by_prefix: Vec<(String, LabelSources)>,
    fallback: LabelSources,
}

impl Routes {
    /// One route for every path.
    pub(crate) const fn new(fallback: LabelSources) -> Self {
        Self { by_prefix: Vec::new(), fallback }
    }

    /// Adds routes for prefixes, without the `/` at their end.
    pub(super) fn with_prefixes(mut self, mut by_prefix: Vec<(String, LabelSources)>) -> Self {
        by_prefix.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        self.by_prefix = by_prefix;
        self
    }

    /// The labels of the flags, for labels that a mapping does not set.
    pub(super) const fn fallback(&self) -> &LabelSources {
        &self.fallback
    }

    /// Whether some partners are named by paths alone.
    pub(crate) fn has_partners_of_paths(&self) -> bool {
        let sources = self.by_prefix.iter().map(|(_, sources)| sources).chain([&self.fallback]);
        sources.into_iter().any(|sources| matches!(sources.partner, Some(LabelSource::Segment(_))))
    }

    /// The labels of a path.
    ///
    /// # Errors
    /// The path has no partner, or a label that the store would reject.
    pub(crate) fn labels<'a>(&'a self, path: &'a str) -> Result<LineLabels<'a>, UnreadableReason> {
        let route = self.by_prefix.iter().find(|(prefix, _)| is_below(path, prefix));
        route.map_or(&self.fallback, |(_, sources)| sources).labels(path)
    }
}

/// `/a/b` is below `/a`, `/ab` is not.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The n-th segment, unescaped; `None` if it is missing or empty.
fn segment(path: &str, number: usize) -> Option<Cow<'_, str>> {
    let segment = path.strip_prefix('/')?.split('/').nth(number - 1)?;
    (!segment.is_empty()).then(|| unescaped(segment))
}

/// Removes the escapes of clients (`%20`) and log writers (`\x22`, `\"`).
fn unescaped(segment: &str) -> Cow<'_, str> {
    if !segment.contains(['%', '\\']) {
        return Cow::Borrowed(segment);
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((byte, after)) = next_byte(rest) {
        bytes.push(byte);
        rest = after;
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn next_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'%', high, low, rest @ ..] | [b'\\', b'x', high, low, rest @ ..]
            if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
        {
            Some((hex_digit(*high) * 16 + hex_digit(*low), rest))
        }
        [b'\\', escaped @ (b'"' | b'\\'), rest @ ..] => Some((*escaped, rest)),
        [byte, rest @ ..] => Some((*byte, rest)),
        [] => None,
    }
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn checked_label(value: Cow<'_, str>) -> Result<Cow<'_, str>, UnreadableReason> {
    if value.is_empty() || value.len() > LABEL_BYTES_MAX || value.chars().any(char::is_control) {
        return Err(UnreadableReason::BadLabel);
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
