//! The labels of streams, and which label values are valid.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use crate::limits::LABEL_BYTES_MAX;

/// A label. The numbers are written to disk: never renumber, never reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Label {
    /// The partner; every stream has this label.
    Partner = 0,
    /// The operation that is called or received: `create_label`, `orders.webhook`.
    Operation = 1,
    /// The environment; `production` by default.
    Environment = 2,
    /// The site where it runs.
    Site = 3,
    /// The release of the connector.
    Release = 4,
}

impl Label {
    /// How many labels there are.
    pub const COUNT: usize = 5;

    /// Every label, in the order of its number.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Partner, Self::Operation, Self::Environment, Self::Site, Self::Release];

    /// The name used in the API and in rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Operation => "operation",
            Self::Environment => "environment",
            Self::Site => "site",
            Self::Release => "release",
        }
    }

    /// The label of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.as_str() == name)
    }
}

/// Why a label value, a stream name or an id is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It is too long.
    #[error("is {bytes} bytes long, the limit is {LABEL_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It contains a control character.
    #[error("holds a control character")]
    Control,
    /// It contains a noncharacter, which also stands for what was no Unicode text.
    #[error("holds a character that is not Unicode, such as half of a surrogate pair; send UTF-8")]
    Noncharacter,
    /// It contains a character that shows nothing, so that two values look alike.
    #[error("holds the invisible character U+{:04X}; leave it out", u32::from(*.character))]
    Invisible {
        /// The first such character.
        character: char,
    },
}

/// The normal form of a label value or stream name, so that values that look alike are one value: without
/// white space around it, other white space inside as plain spaces, in Unicode's normal form C. It has 1 to
/// [`LABEL_BYTES_MAX`] bytes, no control characters and no invisible characters, such as zero-width spaces
/// and marks of direction.
///
/// # Errors
/// The first rule that the value breaks.
pub fn normal_label(value: &str) -> Result<Cow<'_, str>, LabelError> {
    let trimmed = value.trim();
    // Nearly all values are ASCII, which has no other forms.
    let normal = if trimmed.is_ascii() { Cow::Borrowed(trimmed) } else { normal_unicode(trimmed)? };
    check_text(&normal)?;
    Ok(normal)
}

fn normal_unicode(value: &str) -> Result<Cow<'_, str>, LabelError> {
    let mut value = Cow::Borrowed(value);
    if let Some(character) = value.chars().find(|it| is_invisible(*it)) {
        return Err(LabelError::Invisible { character });
    }
    let is_other_space = |it: char| it.is_whitespace() && it != ' ' && !it.is_control();
    if value.contains(is_other_space) {
        value = Cow::Owned(value.replace(is_other_space, " "));
    }
    let normalizer = ComposingNormalizerBorrowed::new_nfc();
    Ok(match value {
        Cow::Borrowed(value) => normalizer.normalize(value),
        Cow::Owned(value) => Cow::Owned(normalizer.normalize(&value).into_owned()),
    })
}

/// Whether a character shows nothing and is neither white space nor a control character. Unicode lists most
/// of them as ignorable; the blank Braille pattern and the marks of annotations are not in that list.
fn is_invisible(character: char) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    ignorable.contains(character) || matches!(character, '\u{2800}' | '\u{fff9}'..='\u{fffb}')
}

/// Checks a text that is kept as it is, such as an id: 1 to [`LABEL_BYTES_MAX`] bytes, no control characters
/// and no noncharacters.
///
/// # Errors
/// The first rule it breaks.
pub fn check_text(value: &str) -> Result<(), LabelError> {
    if value.is_empty() {
        return Err(LabelError::Empty);
    }
    if value.len() > LABEL_BYTES_MAX {
        return Err(LabelError::TooLong { bytes: value.len() });
    }
    // ASCII is checked byte by byte.
    if value.is_ascii() {
        let control = value.bytes().any(|byte| byte.is_ascii_control());
        return if control { Err(LabelError::Control) } else { Ok(()) };
    }
    if value.chars().any(is_noncharacter) {
        return Err(LabelError::Noncharacter);
    }
    if value.chars().any(char::is_control) { Err(LabelError::Control) } else { Ok(()) }
}

/// Unicode reserves these for the inside of programs; no text has them.
const fn is_noncharacter(character: char) -> bool {
    matches!(character, '\u{fdd0}'..='\u{fdef}') || character as u32 & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests;
