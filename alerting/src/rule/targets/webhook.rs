//! Signed webhooks in the rules file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bincode::{Decode, Encode};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::address::full_url;
use super::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::types::{RateLimit, Secret, SecretSource};

/// Prefix of a secret in base64, as Standard Webhooks defines it.
const SECRET_PREFIX: &str = "whsec_";
/// Secrets of one webhook: more than one while they are rotated.
const SECRETS_MAX: usize = 4;

/// A Standard Webhooks endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct WebhookTarget<S = Secret> {
    /// Full address.
    pub url: String,
    /// Signing secrets: the request is signed with each, so that one can replace another.
    pub secrets: Vec<S>,
}

/// The entry of the rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWebhook {
    url: Option<Spanned<String>>,
    secret: Option<SecretSource>,
    secrets: Option<Vec<SecretSource>>,
}

impl RawWebhook {
    pub(super) fn check(self, entry: &Entry, secrets: &Secrets<'_>) -> Checked<CheckedTarget> {
        let remedy = "the address that receives the alerts";
        let text = self.url.ok_or_else(|| entry.error("url", RuleProblem::Missing(remedy)))?;
        let url = entry.parsed("url", &text, full_url)?;
        let sources: Vec<SecretSource> =
            self.secret.into_iter().chain(self.secrets.into_iter().flatten()).collect();
        if sources.len() > SECRETS_MAX {
            let problem = RuleProblem::TooMany { count: sources.len(), limit: SECRETS_MAX };
            return Err(entry.error("secrets", problem));
        }
        let signing = sources.iter().map(|source| secrets.resolve(entry, "secret", source));
        let signing = signing.collect::<Checked<Vec<Secret>>>()?;
        if signing.iter().any(|secret| webhook_key(secret).is_none()) {
            return Err(entry.error("secret", RuleProblem::SecretEncoding));
        }
        Ok(Target::Webhook(WebhookTarget { url, secrets: signing }).into())
    }
}

impl<S> WebhookTarget<S> {
    pub(super) fn map_secrets<T>(
        &self,
        replace: &mut dyn FnMut(&S) -> Option<T>,
    ) -> Option<WebhookTarget<T>> {
        let secrets = self.secrets.iter().map(replace).collect::<Option<Vec<T>>>()?;
        Some(WebhookTarget { url: self.url.clone(), secrets })
    }
}

impl TargetKind for WebhookTarget {
    fn address(&self) -> Address<'_> {
        Address::Url(&self.url)
    }

    /// Without the secrets: rotating one does not change who is notified.
    fn identity(&self) -> Vec<String> {
        vec![self.url.clone()]
    }

    fn rate(&self) -> RateLimit {
        RateLimit { calls: 20, per_ms: 1_000 }
    }
}

/// The key bytes of a secret: base64 after `whsec_`, otherwise the text itself. `None` when the base64
/// is not valid.
pub(crate) fn webhook_key(secret: &Secret) -> Option<Vec<u8>> {
    match secret.expose().strip_prefix(SECRET_PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).ok(),
        None => Some(secret.expose().as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests;
