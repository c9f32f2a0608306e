//! The rules file: what is watched, when it is bad, who is notified. It is read and checked once and is
//! plain data from then on.
//!
//! [`RuleSet::load`] reads a file in two steps: `parse` takes the YAML apart and keeps the place of every
//! field, `check` turns it into the `types` of this room. A mistake is a [`RuleError`] with its place and
//! remedy.

mod check;
mod error;
mod load;
mod parse;
mod types;

pub use error::{RuleError, RuleProblem, RulesFileError};
pub use types::{
    BaselineSettings, Escalation, FailOver, GroupingSettings, Holiday, MailTls, Mailbox,
    Maintenance, MessageTemplates, NotifyPolicy, OnNoData, PAGERDUTY_URL, Partner, Period,
    RateLimit, Receiver, Rule, RuleMode, RuleSet, ScanSettings, Schedule, Secret, Severity, Signal,
    SignalKind, Target,
};
pub(crate) use types::{RuleIdentity, SecretOrigin, webhook_key};

#[cfg(test)]
mod tests;
