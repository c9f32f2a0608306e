//! Why a line could not be imported: an enum, so that lines can be counted by reason.

use std::fmt;

/// Why a line could not be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UnreadableReason {
    /// Not the shape of a common or combined log line, or cut short.
    NotCombined,
    /// The time is not `day/Mon/year:hour:minute:second offset`.
    BadTime,
    /// The request is not `METHOD target [protocol]`.
    BadRequest,
    /// The status is not 100 to 599.
    BadStatus,
    /// The request path is not UTF-8.
    NotUtf8,
    /// Longer than the longest line that is read.
    TooLong,
    /// The path has no segment for the partner.
    NoPartner,
    /// A label is longer than 128 bytes or holds control characters.
    BadLabel,
}

impl UnreadableReason {
    /// The reason as text for people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::NotCombined => "not in the common or combined format",
            Self::BadTime => "unreadable time",
            Self::BadRequest => "unreadable request line",
            Self::BadStatus => "status outside 100 to 599",
            Self::NotUtf8 => "path is not UTF-8",
            Self::TooLong => "line longer than 64 KiB",
            Self::NoPartner => "path has no partner",
            Self::BadLabel => "label longer than 128 bytes or with control characters",
        }
    }
}

impl fmt::Display for UnreadableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
