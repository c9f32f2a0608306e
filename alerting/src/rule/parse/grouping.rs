//! The settings of notification grouping as the rules file has them: its field `pages`.

use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawPages {
    pub(in crate::rule) by: Vec<Spanned<String>>,
    pub(in crate::rule) again_after: Option<Spanned<String>>,
    pub(in crate::rule) cascade: Option<RawCascade>,
    pub(in crate::rule) wait: Option<RawWait>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawWait {
    pub(in crate::rule) critical: Option<Spanned<String>>,
    pub(in crate::rule) warning: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawCascade {
    pub(in crate::rule) groups: u32,
    pub(in crate::rule) within: Spanned<String>,
    pub(in crate::rule) at_once: Option<Spanned<String>>,
}
