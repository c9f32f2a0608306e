//! PagerDuty in the rules file.

use bincode::{Decode, Encode};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::address::{base_url_of, is_of_host};
use super::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::types::{RateLimit, Secret, SecretSource};

/// Base address of PagerDuty unless the file says otherwise.
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com";

/// The domain of PagerDuty itself.
const DOMAIN: &str = "pagerduty.com";
/// How a routing key is wrong that PagerDuty cannot have.
const NOT_A_KEY: &str = "a routing key of PagerDuty, which has 32 letters and digits; copy the integration key of the service";
/// Letters and digits of a routing key.
const ROUTING_KEY_LEN: usize = 32;

/// PagerDuty Events API v2.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct PagerDutyTarget<S = Secret> {
    /// Base address, without the path.
    pub url: String,
    /// The integration's key.
    pub routing_key: S,
}

/// Whether a text has the form of a routing key.
fn is_routing_key(text: &str) -> bool {
    text.len() == ROUTING_KEY_LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The entry of the rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPagerDuty {
    routing_key: Option<SecretSource>,
    webhook_secret: Option<SecretSource>,
    #[serde(default)]
    changes: bool,
    url: Option<Spanned<String>>,
}

impl RawPagerDuty {
    pub(super) fn check(self, entry: &Entry, secrets: &Secrets<'_>) -> Checked<CheckedTarget> {
        let resolve = |field, source: &SecretSource| secrets.resolve(entry, field, source);
        let webhook_secret = self.webhook_secret.as_ref();
        let webhook_secret =
            webhook_secret.map(|source| resolve("webhook_secret", source)).transpose()?;
        let routing_key = self.routing_key.ok_or_else(|| {
            entry.error("routing_key", RuleProblem::Missing("the integration's key, 32 characters"))
        })?;
        let routing_key = resolve("routing_key", &routing_key)?;
        let url = match self.url {
            Some(text) => {
                entry.parsed("url", &text, |text| base_url_of(text, "/v2/enqueue", DOMAIN))?
            }
            None => PAGERDUTY_URL.to_owned(),
        };
        // A stand-in for PagerDuty may have other keys.
        if is_of_host(&url, DOMAIN) && !is_routing_key(routing_key.expose()) {
            return Err(entry.error("routing_key", RuleProblem::NotA(NOT_A_KEY)));
        }
        let target = Target::PagerDuty(PagerDutyTarget { url, routing_key });
        Ok(CheckedTarget { target, webhook_secret, takes_changes: self.changes })
    }
}

impl<S> PagerDutyTarget<S> {
    pub(super) fn map_secrets<T>(
        &self,
        replace: &mut dyn FnMut(&S) -> Option<T>,
    ) -> Option<PagerDutyTarget<T>> {
        let routing_key = replace(&self.routing_key)?;
        Some(PagerDutyTarget { url: self.url.clone(), routing_key })
    }
}

impl TargetKind for PagerDutyTarget {
    fn address(&self) -> Address<'_> {
        Address::Url(&self.url)
    }

    /// With the routing key, because PagerDuty drops an event that is resolved with another key.
    fn identity(&self) -> Vec<String> {
        vec![self.url.clone(), self.routing_key.expose().to_owned()]
    }

    /// PagerDuty accepts about 120 calls a minute for a key; some are left to other senders.
    fn rate(&self) -> RateLimit {
        RateLimit { calls: 100, per_ms: 60_000 }
    }

    fn takes_acknowledgements(&self) -> bool {
        true
    }
}
