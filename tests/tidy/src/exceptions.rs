//! Violations that are accepted for now, each with its reason. The list may only shrink.

use crate::rules::Violation;

/// An accepted violation.
#[derive(Debug, Clone, Copy)]
pub struct Exception {
    /// Name of the rule.
    pub rule: &'static str,
    /// Path of the file or folder, from the root of the repository.
    pub path: &'static str,
    /// Part of the violation's detail; empty for every violation of the rule in the file.
    pub detail: &'static str,
    /// Why it is accepted.
    pub reason: &'static str,
}

/// The accepted violations of this repository.
pub const EXCEPTIONS: &[Exception] = &[];

impl Exception {
    /// Whether the exception covers the violation.
    #[must_use]
    pub fn covers(&self, violation: &Violation) -> bool {
        self.rule == violation.rule
            && self.path == violation.path
            && violation.detail.contains(self.detail)
    }

    pub(crate) fn as_unused(&self) -> Violation {
        Violation {
            rule: "unused exception",
            path: self.path.to_owned(),
            line: 1,
            detail: format!("no violation of `{}` is left: remove the exception", self.rule),
        }
    }
}
