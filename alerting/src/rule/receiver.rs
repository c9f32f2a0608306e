//! Receivers: who can be told, at which address, with which secret, how often.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bincode::{Decode, Encode};
use sha2::{Digest as _, Sha256};

use super::secret::Secret;
use crate::hex::hex;
use crate::limits::GIVE_UP_AFTER_MS;

/// Where PagerDuty takes events unless the file says otherwise.
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com";

/// Prefix of a webhook secret that is written in base64, as Standard Webhooks has it.
const WEBHOOK_SECRET_PREFIX: &str = "whsec_";

/// Someone who can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Name, unique in the file.
    pub name: String,
    /// How it is told.
    pub target: Target,
    /// How often it may be told.
    pub rate: Rate,
    /// How long a delivery is tried, in ms.
    pub give_up_after_ms: i64,
    /// Who is told in its place while it is down.
    pub fail_over: Option<FailOver>,
    /// Who is told next when nobody acknowledges.
    pub escalate: Option<Escalation>,
    /// What its webhooks to us are signed with; only of PagerDuty.
    pub webhook_secret: Option<Secret>,
    /// Whether it is told of changes such as a new release; only PagerDuty.
    pub takes_changes: bool,
    /// What it is told in place of the usual texts.
    pub texts: Texts,
}

/// Templates of a receiver's messages; without one the usual text is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Of the one line.
    pub summary: Option<String>,
    /// Of the longer text: the message in Slack, the body of a mail, `text` or `description` elsewhere.
    pub body: Option<String>,
}

/// At most so many calls in any stretch of so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls, at least 1.
    pub calls: u32,
    /// The stretch, in ms.
    pub per_ms: i64,
}

/// A receiver that takes the place of one that is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailOver {
    /// Its name.
    pub to: String,
    /// How long the other must have been down, in ms.
    pub after_ms: i64,
}

/// A receiver that is told when those before it do not acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Its name.
    pub to: String,
    /// How long the one before must have known, in ms.
    pub after_ms: i64,
}

/// The address of a receiver and what it takes to be let in.
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
        /// Full address: whoever knows it can write to the channel.
        url: Secret,
    },
    /// An Alertmanager that is pushed to, API v2.
    Alertmanager {
        /// Base address, without the path.
        url: String,
    },
    /// E-mail over SMTP.
    Email(Mailbox),
}

/// A mail server, and who writes to whom over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Host name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub tls: MailTls,
    /// Certificates, in PEM, of the only authorities that are trusted; those of the system when there
    /// are none. Kept like a secret: what counts is the file it was read from.
    pub ca: Option<Secret>,
    /// User name and password, when the server asks for them.
    pub login: Option<(String, Secret)>,
    /// The sender.
    pub from: String,
    /// The addressees, at least one.
    pub to: Vec<String>,
}

/// How a connection to a mail server is kept secret. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub enum MailTls {
    /// TLS begins with a command, and mail is only sent if it does.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

impl Target {
    /// Every kind, as it is called in the file.
    pub const KINDS: [&str; 5] = ["pagerduty", "webhook", "slack", "alertmanager", "email"];

    /// The kind, as it is called in the file.
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

    /// The configured address. Never shown: it can be a secret.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::PagerDuty { url, .. }
            | Self::Webhook { url, .. }
            | Self::Alertmanager { url } => Some(url),
            Self::Slack { url } => Some(url.expose()),
            Self::Email(_) => None,
        }
    }

    /// What must not be seen in any message.
    pub(crate) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::PagerDuty { routing_key, .. } => vec![routing_key],
            Self::Webhook { secrets, .. } => secrets.iter().collect(),
            Self::Slack { url } => vec![url],
            Self::Alertmanager { .. } => Vec::new(),
            Self::Email(mailbox) => mailbox.login.iter().map(|(_, password)| password).collect(),
        }
    }

    /// Whether it can change what it was told. Elsewhere each word is a message of its own.
    #[must_use]
    pub const fn takes_updates(&self) -> bool {
        matches!(self, Self::PagerDuty { .. } | Self::Webhook { .. } | Self::Alertmanager { .. })
    }

    /// How often it may be told unless the file says otherwise. PagerDuty takes about 120 calls a
    /// minute for a key, Slack about one a second with short bursts: a part is left to others.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        match self {
            Self::PagerDuty { .. } => Rate { calls: 100, per_ms: 60_000 },
            Self::Slack { .. } => Rate { calls: 10, per_ms: 10_000 },
            Self::Webhook { .. } | Self::Alertmanager { .. } => Rate { calls: 20, per_ms: 1_000 },
            Self::Email(_) => Rate { calls: 20, per_ms: 60_000 },
        }
    }

    /// Tells one target from another: 32 hex digits over kind, address and, for PagerDuty, the
    /// routing key, because an event closed with another key is dropped there. A webhook's secret
    /// stays out: rotating it does not change who is told.
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
    /// A receiver with what is usual for its kind.
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
            texts: Texts::default(),
        }
    }

    /// [`Target::fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.target.fingerprint()
    }
}

/// The key bytes of a webhook secret: what follows `whsec_` is base64, anything else is taken as it
/// is. `None` when the base64 is broken.
pub(crate) fn webhook_key(secret: &Secret) -> Option<Vec<u8>> {
    match secret.expose().strip_prefix(WEBHOOK_SECRET_PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).ok(),
        None => Some(secret.expose().as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests;
