//! Partners, maintenance and holidays as the rules file has them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::rule::parse::values::{OneOrMany, RawSchedule};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawPartner {
    pub(in crate::rule) name: Spanned<String>,
    pub(in crate::rule) kind: Option<String>,
    pub(in crate::rule) country: Option<Spanned<String>>,
    pub(in crate::rule) time_zone: Option<Spanned<String>>,
    pub(in crate::rule) contacts: Option<Vec<String>>,
    pub(in crate::rule) sla_class: Option<String>,
    pub(in crate::rule) expects: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) depends_on: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) paused: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawMaintenance {
    #[serde(rename = "match")]
    pub(in crate::rule) matches: Option<BTreeMap<String, Spanned<OneOrMany>>>,
    pub(in crate::rule) start: Option<Spanned<String>>,
    pub(in crate::rule) end: Option<Spanned<String>>,
    pub(in crate::rule) weekly: Option<RawSchedule>,
    pub(in crate::rule) author: Option<String>,
    pub(in crate::rule) reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawHoliday {
    pub(in crate::rule) country: Spanned<String>,
    pub(in crate::rule) date: Spanned<String>,
}
