//! Alertmanager in the rules file.

use bincode::{Decode, Encode};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::address::base_url;
use super::{Address, CheckedTarget, Target, TargetKind};
use crate::rule::check::{Entry, Secrets};
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::types::RateLimit;

/// An Alertmanager, API v2.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct AlertmanagerTarget {
    /// Base address, without the path.
    pub url: String,
}

/// The entry of the rules file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlertmanager {
    url: Option<Spanned<String>>,
}

impl RawAlertmanager {
    pub(super) fn check(self, entry: &Entry, _: &Secrets<'_>) -> Checked<CheckedTarget> {
        let remedy = "its address, such as http://alertmanager.example:9093";
        let text = self.url.ok_or_else(|| entry.error("url", RuleProblem::Missing(remedy)))?;
        let url = entry.parsed("url", &text, |text| base_url(text, "/api/v2/alerts"))?;
        Ok(Target::Alertmanager(AlertmanagerTarget { url }).into())
    }
}

impl AlertmanagerTarget {
    /// It has no secrets.
    pub(super) fn map_secrets<S, T>(&self, _: &mut dyn FnMut(&S) -> Option<T>) -> Option<Self> {
        Some(self.clone())
    }
}

impl TargetKind for AlertmanagerTarget {
    fn address(&self) -> Address<'_> {
        Address::Url(&self.url)
    }

    fn identity(&self) -> Vec<String> {
        vec![self.url.clone()]
    }

    fn rate(&self) -> RateLimit {
        RateLimit { calls: 20, per_ms: 1_000 }
    }

    fn takes_repeats(&self) -> bool {
        true
    }
}
