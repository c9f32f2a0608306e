//! Receivers: who can be told, at which address, with which secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::secret::Secret;
use crate::hex::hex;

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
        /// Signing secret; without one the request is not signed.
        secret: Option<Secret>,
    },
}

impl Target {
    /// The configured address.
    #[must_use]
    pub fn url(&self) -> &str {
        match self {
            Self::PagerDuty { url, .. } | Self::Webhook { url, .. } => url,
        }
    }
}

impl Receiver {
    /// Tells one target from another: 32 hex digits over kind, address and, for PagerDuty, the
    /// routing key, because an event closed with another key is dropped there. A webhook's secret
    /// stays out: rotating it does not change who is told.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        match &self.target {
            Target::PagerDuty { url, routing_key } => {
                hash.update(b"pagerduty\0");
                hash.update(url.as_bytes());
                hash.update(b"\0");
                hash.update(routing_key.expose().as_bytes());
            }
            Target::Webhook { url, .. } => {
                hash.update(b"webhook\0");
                hash.update(url.as_bytes());
            }
        }
        let mut digits = hex(&hash.finalize());
        digits.truncate(32);
        digits
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
mod tests {
    use super::*;

    fn pagerduty(url: &str, key: &str) -> Receiver {
        let target = Target::PagerDuty { url: url.into(), routing_key: Secret::new(key) };
        Receiver { name: "oncall".into(), target }
    }

    #[test]
    fn the_fingerprint_follows_the_target_and_shows_no_secret() {
        let one = pagerduty(PAGERDUTY_URL, "key-one").fingerprint();
        assert_eq!(one.len(), 32);
        assert_eq!(one, pagerduty(PAGERDUTY_URL, "key-one").fingerprint());
        assert_ne!(one, pagerduty(PAGERDUTY_URL, "key-two").fingerprint());
        assert_ne!(one, pagerduty("https://events.eu.pagerduty.com", "key-one").fingerprint());
        assert!(!format!("{:?}", pagerduty(PAGERDUTY_URL, "key-one")).contains("key-one"));
    }

    #[test]
    fn webhook_secrets_are_base64_behind_their_prefix() {
        assert_eq!(webhook_key(&Secret::new("whsec_AQID")), Some(vec![1, 2, 3]));
        assert_eq!(webhook_key(&Secret::new("plain")), Some(b"plain".to_vec()));
        assert_eq!(webhook_key(&Secret::new("whsec_%%%")), None);
    }
}
