//! Receivers: who can be notified, at which address, with which secret, how often.

use crate::rule::targets::Target;
use crate::rule::types::secret::Secret;

/// How long a delivery is attempted unless the file says otherwise, in ms.
pub(in crate::rule) const GIVE_UP_AFTER_MS: i64 = 24 * 3_600_000;

/// Someone who can be notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Name, unique in the file.
    pub name: String,
    /// Where and how notifications are sent.
    pub target: Target,
    /// How often it may be called.
    pub rate: RateLimit,
    /// How long a delivery is attempted, in ms.
    pub give_up_after_ms: i64,
    /// Who is notified instead while it is down.
    pub fail_over: Option<FailOver>,
    /// Who is notified next when nobody acknowledges.
    pub escalate: Option<Escalation>,
    /// What the webhooks it sends to this server are signed with; only PagerDuty.
    pub webhook_secret: Option<Secret>,
    /// Whether it receives change events such as a new release; only PagerDuty.
    pub takes_changes: bool,
    /// Templates of its messages.
    pub templates: MessageTemplates,
}

/// Templates of a receiver's messages; without one the built-in text is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageTemplates {
    /// The summary line.
    pub summary: Option<String>,
    /// The longer text: the message in Slack, the body of an e-mail, `text` or `description` elsewhere.
    pub body: Option<String>,
}

/// At most `calls` calls within any `per_ms` milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many calls, at least 1.
    pub calls: u32,
    /// The period, in ms.
    pub per_ms: i64,
}

/// A receiver that replaces one that is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailOver {
    /// Its name.
    pub to: String,
    /// How long the replaced receiver must have been down, in ms.
    pub after_ms: i64,
}

/// A receiver that is notified when those before it do not acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Its name.
    pub to: String,
    /// How long after the receiver before it, in ms.
    pub after_ms: i64,
}

impl Receiver {
    /// A receiver with the defaults of its kind.
    #[must_use]
    pub fn new(name: String, target: Target) -> Self {
        let rate = target.rate();
        Self {
            name,
            target,
            rate,
            give_up_after_ms: GIVE_UP_AFTER_MS,
            fail_over: None,
            escalate: None,
            webhook_secret: None,
            takes_changes: false,
            templates: MessageTemplates::default(),
        }
    }

    /// [`Target::fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.target.fingerprint()
    }
}
