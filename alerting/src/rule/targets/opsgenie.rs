//! Opsgenie in the rules file.

use bincode::{Decode, Encode};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::address::{base_url_of, is_of_host};
use super::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::types::{RateLimit, Secret, SecretSource};

/// Base address of Opsgenie unless the file says otherwise.
const OPSGENIE_URL: &str = "https://api.opsgenie.com";
/// The domain of Opsgenie itself.
const DOMAIN: &str = "opsgenie.com";
/// How a key is wrong that Opsgenie cannot have.
const NOT_A_KEY: &str =
    "a key of Opsgenie, which is a UUID of 36 characters; copy the key of an API integration";
/// Lengths of the parts of a UUID, which hyphens separate.
const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

/// Opsgenie, Alert API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct OpsgenieTarget<S = Secret> {
    /// Base address, without the path.
    pub url: String,
    /// The key of an API integration.
    pub api_key: S,
}

/// The entry of the rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOpsgenie {
    api_key: Option<SecretSource>,
    url: Option<Spanned<String>>,
}

impl RawOpsgenie {
    pub(super) fn check(self, entry: &Entry, secrets: &Secrets<'_>) -> Checked<CheckedTarget> {
        let remedy = "the key of an API integration, as a secret";
        let source = self.api_key;
        let source = source.ok_or_else(|| entry.error("api_key", RuleProblem::Missing(remedy)))?;
        let api_key = secrets.resolve(entry, "api_key", &source)?;
        let url = match self.url {
            Some(text) => {
                entry.parsed("url", &text, |text| base_url_of(text, "/v2/alerts", DOMAIN))?
            }
            None => OPSGENIE_URL.to_owned(),
        };
        // A stand-in for Opsgenie may have other keys.
        if is_of_host(&url, DOMAIN) && !is_uuid(api_key.expose()) {
            return Err(entry.error("api_key", RuleProblem::NotA(NOT_A_KEY)));
        }
        Ok(Target::Opsgenie(OpsgenieTarget { url, api_key }).into())
    }
}

fn is_uuid(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('-').all(is_hex) && text.split('-').map(str::len).eq(UUID_PARTS)
}

impl<S> OpsgenieTarget<S> {
    pub(super) fn map_secrets<T>(
        &self,
        replace: &mut dyn FnMut(&S) -> Option<T>,
    ) -> Option<OpsgenieTarget<T>> {
        Some(OpsgenieTarget { url: self.url.clone(), api_key: replace(&self.api_key)? })
    }
}

impl TargetKind for OpsgenieTarget {
    fn address(&self) -> Address<'_> {
        Address::Url(&self.url)
    }

    /// With the key: an alert belongs to the account of the key that created it.
    fn identity(&self) -> Vec<String> {
        vec![self.url.clone(), self.api_key.expose().to_owned()]
    }

    /// What Opsgenie accepts depends on the plan and the number of users. A notification takes up to three
    /// calls.
    fn rate(&self) -> RateLimit {
        RateLimit { calls: 20, per_ms: 60_000 }
    }

    fn takes_acknowledgements(&self) -> bool {
        true
    }
}
