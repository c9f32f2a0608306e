//! The settings that receivers of every kind have, as the rules file has them.

use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawTexts {
    pub(in crate::rule) summary: Option<Spanned<String>>,
    pub(in crate::rule) body: Option<Spanned<String>>,
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
