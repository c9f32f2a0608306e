//! Everything in a rules file.

use std::collections::BTreeMap;

use crate::rule::types::partner::{Holiday, Maintenance, Partner};
use crate::rule::types::receiver::Receiver;
use crate::rule::types::rule::Rule;
use crate::rule::types::settings::GroupingSettings;
use crate::text::runbook::runbook;

/// A checked rules file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleSet {
    /// Who can be notified.
    pub receivers: Vec<Receiver>,
    /// What is watched; names are unique.
    pub rules: Vec<Rule>,
    /// What is known about partners.
    pub partners: Vec<Partner>,
    /// Periods in which matching alerts are muted.
    pub maintenance: Vec<Maintenance>,
    /// Holidays.
    pub holidays: Vec<Holiday>,
    /// How alerts share notifications; `None` when each alert has its own.
    pub grouping: Option<GroupingSettings>,
    /// Texts of the runbooks that are files beside the rules, by the name that rules use.
    pub runbooks: BTreeMap<String, String>,
}

impl RuleSet {
    /// The rule of that name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// The text of a runbook: of a file beside the rules, or of a built-in runbook.
    #[must_use]
    pub fn runbook_text(&self, name: &str) -> Option<&str> {
        let own = self.runbooks.get(name).map(String::as_str);
        own.or_else(|| runbook(name).map(|page| page.text))
    }

    /// The receiver of that name.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }
}
