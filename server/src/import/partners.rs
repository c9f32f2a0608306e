//! Which names in paths are partners. Scanners ask every public server for paths such as `/.env`,
//! `/wp-login.php` or `/cgi-bin/`, and those are none.
//!
//! A name from a path is a partner when it is plain and at least one of its requests in the log was answered
//! with 2xx or 5xx, or when it is listed. Scanners are answered with redirects and client errors; a partner
//! that fails for the whole log is answered with 5xx.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// Longest plain name, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Most names that are remembered, and that may be partners: more are not partners but, for example, ids.
const NAMES_MAX: usize = 1_000;

/// The names of partners that were listed with `--partners`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedPartners(BTreeSet<String>);

impl FromStr for ListedPartners {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: BTreeSet<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        if names.contains("") {
            return Err("use names with commas between them, such as dhl,ups".to_owned());
        }
        Ok(Self(names))
    }
}

/// Which names in paths are partners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathPartners {
    /// Those with a request that was answered with 2xx or 5xx.
    Answered(BTreeSet<String>),
    /// Those that were listed.
    Listed(ListedPartners),
}

impl PathPartners {
    /// Whether a name in a path is a partner.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self {
            Self::Answered(names) | Self::Listed(ListedPartners(names)) => names.contains(name),
        }
    }
}

/// Collects the names that are partners.
#[derive(Debug, Default)]
pub(super) struct Survey {
    answered: BTreeSet<String>,
}

impl Survey {
    /// Notes a request of a name in a path.
    ///
    /// # Errors
    /// There are too many names for partners.
    pub(super) fn note(&mut self, name: &str, status: u16) -> Result<(), String> {
        let is_answered = matches!(status / 100, 2 | 5);
        if !is_answered || !is_plain(name) || self.answered.contains(name) {
            return Ok(());
        }
        if self.answered.len() >= NAMES_MAX {
            return Err(format!(
                "the paths name more than {NAMES_MAX} partners, among them {name:?}: is --partner the right \
                 segment? List the partners with --partners NAME,NAME"
            ));
        }
        self.answered.insert(name.to_owned());
        Ok(())
    }

    pub(super) fn partners(self) -> PathPartners {
        PathPartners::Answered(self.answered)
    }
}

/// Letters, digits, `-` and `_`, beginning with a letter or a digit: no file names, no escapes.
fn is_plain(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.chars().next().is_some_and(char::is_alphanumeric)
        && name.chars().all(|it| it.is_alphanumeric() || matches!(it, '-' | '_'))
}

/// Names in paths that are no partners, with their counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OtherNames {
    counts: BTreeMap<String, u64>,
}

impl OtherNames {
    pub(super) fn count(&mut self, name: &str) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.counts.len() < NAMES_MAX {
            self.counts.insert(name.to_owned(), 1);
        }
    }

    /// The most frequent ones, with their counts.
    pub(super) fn top(&self, count: usize) -> Vec<(&str, u64)> {
        top(self.counts.iter().map(|(name, count)| (name.as_str(), *count)), count)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }
}

/// The largest counts, in order.
pub(super) fn top<'a>(
    counts: impl Iterator<Item = (&'a str, u64)>,
    length: usize,
) -> Vec<(&'a str, u64)> {
    let mut all: Vec<(&str, u64)> = counts.collect();
    all.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    all.truncate(length);
    all
}

#[cfg(test)]
mod tests;
