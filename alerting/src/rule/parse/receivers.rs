//! Receivers as the rules file has them.

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::rule::types::SecretSource;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawReceiver {
    pub(in crate::rule) name: Spanned<String>,
    pub(in crate::rule) pagerduty: Option<RawPagerDuty>,
    pub(in crate::rule) webhook: Option<RawWebhook>,
    pub(in crate::rule) slack: Option<RawSlack>,
    pub(in crate::rule) alertmanager: Option<RawAlertmanager>,
    pub(in crate::rule) email: Option<RawEmail>,
    pub(in crate::rule) rate: Option<RawRate>,
    pub(in crate::rule) give_up_after: Option<Spanned<String>>,
    pub(in crate::rule) fail_over: Option<RawNext>,
    pub(in crate::rule) escalate: Option<RawNext>,
    pub(in crate::rule) text: Option<RawTexts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawTexts {
    pub(in crate::rule) summary: Option<Spanned<String>>,
    pub(in crate::rule) body: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawPagerDuty {
    pub(in crate::rule) routing_key: Option<SecretSource>,
    pub(in crate::rule) webhook_secret: Option<SecretSource>,
    #[serde(default)]
    pub(in crate::rule) changes: bool,
    pub(in crate::rule) url: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawWebhook {
    pub(in crate::rule) url: Option<Spanned<String>>,
    pub(in crate::rule) secret: Option<SecretSource>,
    pub(in crate::rule) secrets: Option<Vec<SecretSource>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawSlack {
    pub(in crate::rule) url: Option<SecretSource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawAlertmanager {
    pub(in crate::rule) url: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawEmail {
    pub(in crate::rule) host: Option<String>,
    pub(in crate::rule) port: Option<u16>,
    pub(in crate::rule) tls: Option<RawMailTls>,
    pub(in crate::rule) ca: Option<Spanned<String>>,
    pub(in crate::rule) user: Option<String>,
    pub(in crate::rule) password: Option<SecretSource>,
    pub(in crate::rule) from: Option<Spanned<String>>,
    pub(in crate::rule) to: Option<Vec<Spanned<String>>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rule) enum RawMailTls {
    Starttls,
    Tls,
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawRate {
    pub(in crate::rule) calls: Spanned<u32>,
    pub(in crate::rule) per: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawNext {
    pub(in crate::rule) to: Spanned<String>,
    pub(in crate::rule) after: Option<Spanned<String>>,
}
