//! The result of an import: counts, the time span, and the unreadable lines by reason.

use std::collections::BTreeMap;
use std::fmt;

use indicatif::{HumanBytes, HumanCount};
use jiff::Timestamp;

use super::reason::UnreadableReason;

/// Lines that could not be imported for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// How many.
    pub(crate) count: u64,
    /// The number of the first one, from 1.
    pub(crate) first_line: u64,
}

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ImportSummary {
    /// Lines read, without empty ones.
    pub(crate) lines: u64,
    /// Lines that were imported.
    pub(crate) imported: u64,
    /// Lines that could not be imported.
    pub(crate) unreadable: BTreeMap<UnreadableReason, Unreadable>,
    /// Bytes read from the file on disk.
    pub(crate) bytes: u64,
    /// The oldest time of an imported line, in milliseconds since 1970.
    pub(crate) oldest_ms: Option<i64>,
    /// The newest time of an imported line, in milliseconds since 1970.
    pub(crate) newest_ms: Option<i64>,
}

impl ImportSummary {
    pub(super) fn count_imported(&mut self, at_ms: i64) {
        self.imported += 1;
        self.oldest_ms = Some(self.oldest_ms.map_or(at_ms, |oldest| oldest.min(at_ms)));
        self.newest_ms = Some(self.newest_ms.map_or(at_ms, |newest| newest.max(at_ms)));
    }

    /// The same result without `items` that were rejected.
    pub(crate) const fn without_rejected(mut self, items: u64) -> Self {
        self.imported = self.imported.saturating_sub(items);
        self
    }

    pub(super) fn count_unreadable(&mut self, reason: UnreadableReason, line_number: u64) {
        let unreadable = self
            .unreadable
            .entry(reason)
            .or_insert(Unreadable { count: 0, first_line: line_number });
        unreadable.count += 1;
    }
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lines, imported) = (HumanCount(self.lines), HumanCount(self.imported));
        write!(f, "{imported} of {lines} lines imported ({} read)", HumanBytes(self.bytes))?;
        if let (Some(oldest), Some(newest)) =
            (self.oldest_ms.and_then(time), self.newest_ms.and_then(time))
            && self.imported > 0
        {
            write!(f, ", {oldest} to {newest}")?;
        }
        for (reason, Unreadable { count, first_line }) in &self.unreadable {
            write!(
                f,
                "\n  {} unreadable: {reason} (first in line {first_line})",
                HumanCount(*count)
            )?;
        }
        Ok(())
    }
}

fn time(at_ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(at_ms).ok()
}
