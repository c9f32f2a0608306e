//! What keeps an open alert from being notified, as it is recorded on the alert.

use bincode::{Decode, Encode};

/// What mutes an open alert. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum MutedBy {
    /// The rule is in mode `shadow`.
    Shadow,
    /// The alert is less severe than the rule's `notify_from`.
    Severity,
    /// Announced maintenance covers it.
    Maintenance,
    /// Its partner is paused.
    Paused,
    /// A rule that this one depends on, or a partner that this one depends on, has an open alert.
    Dependency,
    /// It fired while nothing was evaluated, and is notified only if it is still open afterwards.
    Downtime,
    /// It shares the notification of another alert.
    Shared,
    /// A silence covers it.
    Silenced,
    /// Its notification waits for others.
    Waiting,
    /// It is of a drill, in the sandbox.
    Sandbox,
}

impl MutedBy {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Severity => "severity",
            Self::Maintenance => "maintenance",
            Self::Paused => "paused",
            Self::Dependency => "dependency",
            Self::Downtime => "downtime",
            Self::Shared => "shared",
            Self::Silenced => "silenced",
            Self::Waiting => "waiting",
            Self::Sandbox => "sandbox",
        }
    }

    /// The reason in words, after "It is muted: ".
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Shadow => "the rule is in shadow mode",
            Self::Severity => "the rule notifies from a higher severity on",
            Self::Maintenance => "maintenance was announced",
            Self::Paused => "the partner is paused",
            Self::Dependency => "what it depends on has an open alert",
            Self::Downtime => "it fired while nothing was evaluated",
            Self::Shared => "it shares the notification of another alert",
            Self::Silenced => "it is silenced",
            Self::Waiting => "its notification waits for others",
            Self::Sandbox => "it is of a drill",
        }
    }
}
