//! From the file as written to a rule set that holds: every check, with place and remedy.

mod context;
mod directory;
mod implied;
mod receivers;
mod references;
mod rules;
mod settings;
mod signal;

use std::collections::BTreeMap;

use plimsoll_storage::SlotWidth;

pub(in crate::rule) use self::context::{Entry, Secrets};
use crate::rule::error::Checked;
use crate::rule::parse::read;
use crate::rule::types::RuleSet;

/// What is watched when a file has no `rules`.
const DEFAULT_PACK: &str = include_str!("../../../packs/default.yaml");

/// Parses and checks a whole file. Without `secrets`, targets of receivers and runbook files are not read.
pub(super) fn rule_set(
    text: &str,
    secrets: Option<&Secrets<'_>>,
    width: SlotWidth,
) -> Checked<RuleSet> {
    let file = read(text)?;
    let receivers = receivers::receivers(file.receivers.unwrap_or_default(), secrets)?;
    let (rules, grouping) = match file.rules {
        Some(rules) => (rules, file.pages),
        None => {
            let pack = read(DEFAULT_PACK)?;
            (pack.rules.unwrap_or_default(), file.pages.or(pack.pages))
        }
    };
    let mut rules = rules::rules(rules, &receivers, width)?;
    let partners = directory::partners(file.partners.unwrap_or_default())?;
    if !rules.is_empty() {
        rules.extend(implied::implied(&rules, &partners, &receivers)?);
    }
    Ok(RuleSet {
        runbooks: secrets.map_or_else(BTreeMap::new, |it| directory::runbooks(&rules, it.base_dir)),
        maintenance: directory::maintenance(file.maintenance.unwrap_or_default(), &rules)?,
        partners,
        rules,
        holidays: directory::holidays(file.holidays.unwrap_or_default())?,
        grouping: grouping.map(settings::grouping).transpose()?,
        receivers,
    })
}

#[cfg(test)]
mod tests;
