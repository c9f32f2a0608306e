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
mod targets;
mod text_file;
mod types;
mod warnings;

pub use error::{RuleError, RuleProblem, RulesFileError};
pub use parse::yaml_problem;
pub use targets::*;
pub(crate) use targets::{Address, webhook_key};
pub use text_file::read_text_file;
pub use types::{
    BaselineSettings, Escalation, FailOver, GroupingSettings, Holiday, Maintenance,
    MessageTemplates, NotifyPolicy, OnNoData, OutOfReach, Partner, Period, RateLimit, Receiver,
    Rule, RuleMode, RuleSet, ScanSettings, Schedule, Secret, Severity, Signal, SignalKind,
};
pub(crate) use types::{RuleIdentity, SecretOrigin, has_shares};

#[cfg(test)]
mod tests;
