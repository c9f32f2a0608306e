//! Why a line could not be imported: an enum, so that lines can be counted by reason.

use std::fmt;

/// Why a line could not be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum UnreadableReason {
    /// Not a line of the layout of the log, or cut short.
    OtherLayout,
    /// The time is neither `day/Mon/year:hour:minute:second offset` nor RFC 3339.
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
    /// The name of the partner is not plain, or has neither a 2xx nor a 5xx in the log.
    NotAPartner,
    /// A label is longer than 128 bytes or holds control characters.
    BadLabel,
    /// The last line of a file that may still be written has no line end.
    NoLineEnd,
}

impl UnreadableReason {
    /// The reason as text for people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::OtherLayout => "not in the layout of this log",
            Self::BadTime => "time is neither 20/Nov/2026:19:18:30 +0000 nor RFC 3339",
            Self::BadRequest => "unreadable request line",
            Self::BadStatus => "status outside 100 to 599",
            Self::NotUtf8 => "path is not UTF-8",
            Self::TooLong => "line longer than 64 KiB",
            Self::NoPartner => "path has no partner",
            Self::NotAPartner => "not a partner's path",
            Self::BadLabel => "label longer than 128 bytes or with control characters",
            Self::NoLineEnd => "the last line has no line end: it is imported once it is whole",
        }
    }
}

impl fmt::Display for UnreadableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
