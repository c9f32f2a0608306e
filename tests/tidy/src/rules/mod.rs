//! The rules, one subject a module. Each takes the sources and answers the violations it finds.

mod fuzzing;
mod imports;
mod layout;
mod names;
mod sizes;
mod words;

use std::fmt;

use crate::source::Sources;

/// A rule that a place of the sources breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Name of the rule.
    pub rule: &'static str,
    /// Path of the file or folder.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and how to mend it.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.detail)
    }
}

/// Violations of every rule, in the order of rules, paths and lines.
#[must_use]
pub fn all(sources: &Sources) -> Vec<Violation> {
    let mut found = Vec::new();
    for rule in
        [sizes::check, layout::check, imports::check, names::check, words::check, fuzzing::check]
    {
        rule(sources, &mut found);
    }
    found.sort();
    found.dedup();
    found
}
