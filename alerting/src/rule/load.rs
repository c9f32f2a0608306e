//! From a text or a file to a checked rule set.

use std::path::Path;

use crate::rule::check;
use crate::rule::error::{RuleError, RulesFileError};
use crate::rule::types::RuleSet;

/// Longest rules file that is read, in bytes.
const RULES_FILE_BYTES_MAX: u64 = 4 << 20;

impl RuleSet {
    /// Parses and checks a rules file. Secrets are resolved here, by `env` and from files relative to
    /// `base_dir`. A file without `rules` gets the default pack.
    ///
    /// # Errors
    /// The first mistake, with its place and remedy.
    pub fn parse(
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
        base_dir: &Path,
    ) -> Result<Self, Box<RuleError>> {
        check::rule_set(text, env, base_dir)
    }

    /// The default pack, which applies when there is no rules file: it has no receivers.
    ///
    /// # Errors
    /// None in practice: a test parses the pack.
    pub fn default_pack() -> Result<Self, Box<RuleError>> {
        Self::parse("", &|_| None, Path::new("."))
    }

    /// Reads the rules file at `path`; relative secret files lie beside it.
    ///
    /// # Errors
    /// When the file cannot be read, and as [`RuleSet::parse`], with the path in the error.
    pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, RulesFileError> {
        let name = || path.display().to_string();
        let unreadable = |source| RulesFileError::Unreadable { path: name(), source };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > RULES_FILE_BYTES_MAX {
            let limit = RULES_FILE_BYTES_MAX;
            return Err(RulesFileError::TooLong { path: name(), bytes, limit });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let base_dir = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, env, base_dir).map_err(|mut error| {
            error.file = Some(name());
            error.into()
        })
    }
}
