//! The labels of streams, and which label values are valid.

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

/// Why a label value or stream name is invalid.
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
}

/// Checks a label value or stream name: 1 to [`LABEL_BYTES_MAX`] bytes, no control characters.
///
/// # Errors
/// The first rule it breaks.
pub fn check_label(value: &str) -> Result<(), LabelError> {
    if value.is_empty() {
        return Err(LabelError::Empty);
    }
    if value.len() > LABEL_BYTES_MAX {
        return Err(LabelError::TooLong { bytes: value.len() });
    }
    // Nearly all values are ASCII, which is checked byte by byte.
    let control = if value.is_ascii() {
        value.bytes().any(|byte| byte.is_ascii_control())
    } else {
        value.chars().any(char::is_control)
    };
    if control { Err(LabelError::Control) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
