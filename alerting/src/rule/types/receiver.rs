//! Receivers: who can be notified, at which address, with which secret, how often.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bincode::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use crate::hex::hex;
use crate::rule::types::secret::Secret;

/// How long a delivery is attempted unless the file says otherwise, in ms.
pub(in crate::rule) const GIVE_UP_AFTER_MS: i64 = 24 * 3_600_000;

/// Base address of PagerDuty unless the file says otherwise.
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com";

/// Prefix of a webhook secret in base64, as Standard Webhooks defines it.
const WEBHOOK_SECRET_PREFIX: &str = "whsec_";

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

/// The address of a receiver and its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// PagerDuty Events API v2.
    PagerDuty {
        /// Base address, without the path.
        url: String,
        /// The integration's key.
        routing_key: Secret,
    },
    /// A Standard Webhooks endpoint.
    Webhook {
        /// Full address.
        url: String,
        /// Signing secrets: the request is signed with each, so that one can replace another.
        secrets: Vec<Secret>,
    },
    /// A Slack incoming webhook.
    Slack {
        /// Full address; a secret, because whoever knows it can write to the channel.
        url: Secret,
    },
    /// An Alertmanager, API v2.
    Alertmanager {
        /// Base address, without the path.
        url: String,
    },
    /// E-mail over SMTP.
    Email(Mailbox),
}

/// A mail server, with the sender and the recipients of its mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Host name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// Certificates, in PEM, of the only authorities that are trusted; `None` to trust those of the
    /// system. Stored like a secret, by the file it was read from.
    pub ca: Option<Secret>,
    /// User name and password, when the server requires them.
    pub login: Option<(String, Secret)>,
    /// The sender.
    pub from: String,
    /// The recipients, at least one.
    pub to: Vec<String>,
}

/// How a connection to a mail server is encrypted. The numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub enum MailTls {
    /// STARTTLS is required.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// No encryption.
    None,
}

impl Target {
    /// The names of all kinds in the rules file.
    pub const KINDS: [&str; 5] = ["pagerduty", "webhook", "slack", "alertmanager", "email"];

    /// The name of the kind in the rules file.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PagerDuty { .. } => Self::KINDS[0],
            Self::Webhook { .. } => Self::KINDS[1],
            Self::Slack { .. } => Self::KINDS[2],
            Self::Alertmanager { .. } => Self::KINDS[3],
            Self::Email(_) => Self::KINDS[4],
        }
    }

    /// The configured address. It must not be shown, because it can be a secret.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::PagerDuty { url, .. }
            | Self::Webhook { url, .. }
            | Self::Alertmanager { url } => Some(url),
            Self::Slack { url } => Some(url.expose()),
            Self::Email(_) => None,
        }
    }

    /// The secrets, which no message may show.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::PagerDuty { routing_key, .. } => vec![routing_key],
            Self::Webhook { secrets, .. } => secrets.iter().collect(),
            Self::Slack { url } => vec![url],
            Self::Alertmanager { .. } => Vec::new(),
            Self::Email(mailbox) => mailbox.login.iter().map(|(_, password)| password).collect(),
        }
    }

    /// Whether it can update a notification. Otherwise every event is a new message.
    #[must_use]
    pub const fn takes_updates(&self) -> bool {
        matches!(self, Self::PagerDuty { .. } | Self::Webhook { .. } | Self::Alertmanager { .. })
    }

    /// How often it may be called unless the file says otherwise. PagerDuty accepts about 120 calls a
    /// minute for a key, Slack about one a second with short bursts; the default leaves some of it to
    /// other senders.
    #[must_use]
    pub const fn rate(&self) -> RateLimit {
        match self {
            Self::PagerDuty { .. } => RateLimit { calls: 100, per_ms: 60_000 },
            Self::Slack { .. } => RateLimit { calls: 10, per_ms: 10_000 },
            Self::Webhook { .. } | Self::Alertmanager { .. } => {
                RateLimit { calls: 20, per_ms: 1_000 }
            }
            Self::Email(_) => RateLimit { calls: 20, per_ms: 60_000 },
        }
    }

    /// Identifies the target: 32 hex digits over kind, address and, for PagerDuty, the routing key,
    /// because PagerDuty drops an event that is resolved with another key. The secret of a webhook is not
    /// part of it: rotating the secret does not change who is notified.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut parts = vec![self.kind()];
        parts.extend(self.url());
        let mailbox;
        match self {
            Self::PagerDuty { routing_key, .. } => parts.push(routing_key.expose()),
            Self::Email(Mailbox { host, port, to, .. }) => {
                mailbox = format!("{host}:{port}\0{}", to.join("\0"));
                parts.push(&mailbox);
            }
            Self::Webhook { .. } | Self::Slack { .. } | Self::Alertmanager { .. } => {}
        }
        let mut digits = hex(&Sha256::digest(parts.join("\0")));
        digits.truncate(32);
        digits
    }
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

/// The key bytes of a webhook secret: base64 after `whsec_`, otherwise the text itself. `None` when the
/// base64 is not valid.
pub(crate) fn webhook_key(secret: &Secret) -> Option<Vec<u8>> {
    match secret.expose().strip_prefix(WEBHOOK_SECRET_PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).ok(),
        None => Some(secret.expose().as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests;
