//! From a text or a file to a checked rule set.

use std::path::Path;

use plimsoll_storage::SlotWidth;

use crate::rule::check::{self, Secrets};
use crate::rule::error::{RuleError, RulesFileError};
use crate::rule::text_file::read_text_file;
use crate::rule::types::RuleSet;

/// Longest rules file that is read, in bytes.
const RULES_FILE_BYTES_MAX: u64 = 4 << 20;

impl RuleSet {
    /// Parses and checks a rules file for slots of the default width. Secrets are resolved here, by `env` and
    /// from files relative to `base_dir`. A file without `rules` gets the default pack.
    ///
    /// # Errors
    /// The first mistake, with its place and remedy.
    pub fn parse(
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
        base_dir: &Path,
    ) -> Result<Self, Box<RuleError>> {
        check::rule_set(text, Some(&Secrets { env, base_dir }), SlotWidth::DEFAULT)
    }

    /// As [`RuleSet::parse`] for rules that are only replayed. Of receivers, name, kind and who follows them
    /// are read; addresses, secrets and runbook files are not, so nobody can be notified. The width of slots
    /// is that of the history: durations are checked against the smallest.
    ///
    /// # Errors
    /// The first mistake, with its place and remedy.
    pub fn parse_for_replay(text: &str) -> Result<Self, Box<RuleError>> {
        check::rule_set(text, None, SlotWidth::MIN)
    }

    /// The default pack, which applies when there is no rules file: it has no receivers.
    ///
    /// # Errors
    /// None in practice: a test parses the pack.
    pub fn default_pack() -> Result<Self, Box<RuleError>> {
        Self::parse_for_replay("")
    }

    /// Reads the rules file at `path` for slots of a width; relative secret files lie beside it.
    ///
    /// # Errors
    /// When the file cannot be read, and as [`RuleSet::parse`], with the path in the error.
    pub fn load(
        path: &Path,
        env: &dyn Fn(&str) -> Option<String>,
        width: SlotWidth,
    ) -> Result<Self, RulesFileError> {
        Self::of_file(path, &Self::read_file(path)?, env, width)
    }

    /// As [`RuleSet::load`] for rules that are only replayed; see [`RuleSet::parse_for_replay`].
    ///
    /// # Errors
    /// When the file cannot be read, and as [`RuleSet::parse`], with the path in the error.
    pub fn load_for_replay(path: &Path) -> Result<Self, RulesFileError> {
        Self::parse_for_replay(&Self::read_file(path)?).map_err(|error| named(error, path))
    }

    /// The text of the rules file at `path`.
    ///
    /// # Errors
    /// It cannot be read, is longer than 4 MiB or not UTF-8.
    pub fn read_file(path: &Path) -> Result<String, RulesFileError> {
        read_text_file(path, RULES_FILE_BYTES_MAX).map_err(|source| RulesFileError::Unreadable {
            path: path.display().to_string(),
            source,
        })
    }

    /// Parses and checks the text of the rules file at `path` for slots of a width, of which the durations of
    /// rules must be whole numbers.
    ///
    /// # Errors
    /// As [`RuleSet::parse`], with the path in the error.
    pub fn of_file(
        path: &Path,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
        width: SlotWidth,
    ) -> Result<Self, RulesFileError> {
        let base_dir = path.parent().unwrap_or(Path::new("."));
        let secrets = Secrets { env, base_dir };
        check::rule_set(text, Some(&secrets), width).map_err(|error| named(error, path))
    }
}

/// The mistake with the path of its file.
fn named(mut error: Box<RuleError>, path: &Path) -> RulesFileError {
    error.file = Some(path.display().to_string());
    error.into()
}

#[cfg(test)]
mod tests;
