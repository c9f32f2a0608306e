//! How bad an alert is.

use bincode::{Decode, Encode};

/// How bad an alert is. The numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Severity {
    /// Someone should look at it.
    Warning,
    /// Someone must look at it at once.
    Critical,
}

impl Severity {
    /// The name in the rules file, the API and notifications.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}
