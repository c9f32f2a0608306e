//! The result of an import: counts, the time span, the partners, and the lines that were not imported, by
//! reason.

use std::collections::BTreeMap;
use std::fmt;

use indicatif::{HumanBytes, HumanCount};
use jiff::Timestamp;

use super::Observation;
use super::partners::{OtherNames, top};
use super::reason::UnreadableReason;

/// How much of a line is shown, in characters.
const SAMPLE_CHARS: usize = 160;
/// How many names are shown.
const NAMES_SHOWN: usize = 12;

/// Lines that could not be imported for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// How many.
    pub(crate) count: u64,
    /// The number of the first one, from 1.
    pub(crate) first_line: u64,
    /// The beginning of that line.
    pub(crate) sample: String,
}

/// The result of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ImportSummary {
    /// Lines read, without empty ones.
    pub(crate) lines: u64,
    /// Lines that were imported.
    pub(crate) imported: u64,
    /// Those of them that have a latency.
    pub(crate) with_latency: u64,
    /// Lines that were imported, by partner.
    pub(crate) by_partner: BTreeMap<String, u64>,
    /// Lines that could not be imported.
    pub(crate) unreadable: BTreeMap<UnreadableReason, Unreadable>,
    /// The names in paths that are no partners.
    pub(crate) other_names: OtherNames,
    /// Bytes read from the file on disk.
    pub(crate) bytes: u64,
    /// The oldest time of an imported line, in milliseconds since 1970.
    pub(crate) oldest_ms: Option<i64>,
    /// The newest time of an imported line, in milliseconds since 1970.
    pub(crate) newest_ms: Option<i64>,
    /// Why the log was not read to its end.
    pub(crate) cut: Option<String>,
}

impl ImportSummary {
    pub(super) fn count_imported(&mut self, seen: &Observation) {
        let at_ms = seen.at_ms;
        self.imported += 1;
        self.with_latency += u64::from(seen.latency_us.is_some());
        if let Some(count) = self.by_partner.get_mut(&seen.partner) {
            *count += 1;
        } else {
            self.by_partner.insert(seen.partner.clone(), 1);
        }
        self.oldest_ms = Some(self.oldest_ms.map_or(at_ms, |oldest| oldest.min(at_ms)));
        self.newest_ms = Some(self.newest_ms.map_or(at_ms, |newest| newest.max(at_ms)));
    }

    /// The same result without `items` that were rejected.
    pub(crate) const fn without_rejected(mut self, items: u64) -> Self {
        self.imported = self.imported.saturating_sub(items);
        self
    }

    pub(super) fn count_unreadable(
        &mut self,
        reason: UnreadableReason,
        line_number: u64,
        line: &[u8],
    ) {
        let unreadable = self.unreadable.entry(reason).or_insert_with(|| Unreadable {
            count: 0,
            first_line: line_number,
            sample: sample(line),
        });
        unreadable.count += 1;
    }

    fn write_names(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = top(self.by_partner.iter().map(|(name, n)| (name.as_str(), *n)), NAMES_SHOWN);
        if !shown.is_empty() {
            write!(f, "\n  lines by partner: {}", names(&shown, self.by_partner.len()))?;
        }
        Ok(())
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
            write!(f, ", {oldest} to {newest}, {} with a latency", HumanCount(self.with_latency))?;
            self.write_names(f)?;
        }
        for (reason, Unreadable { count, first_line, sample }) in &self.unreadable {
            write!(
                f,
                "\n  {} not imported: {reason}; line {first_line}: {sample}",
                HumanCount(*count)
            )?;
            if *reason == UnreadableReason::NotAPartner {
                let shown = names(&self.other_names.top(NAMES_SHOWN), self.other_names.len());
                write!(
                    f,
                    "\n    names that are not plain, or without a 2xx or 5xx: {shown}; name the \
                     partners with --partners"
                )?;
            }
        }
        Ok(())
    }
}

fn time(at_ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(at_ms).ok()
}

/// `dhl 12, ups 3 and 4 more`.
fn names(shown: &[(&str, u64)], count: usize) -> String {
    let each: Vec<String> = shown
        .iter()
        .map(|(name, lines)| format!("{} {}", sample(name.as_bytes()), HumanCount(*lines)))
        .collect();
    let more = count.saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    each.join(", ") + &more
}

/// The beginning of a line. Control characters are replaced: a log holds whatever clients sent.
fn sample(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.get(..SAMPLE_CHARS * 4).unwrap_or(line)).into_owned();
    let shown: String = text
        .chars()
        .take(SAMPLE_CHARS)
        .map(|it| if it.is_control() { char::REPLACEMENT_CHARACTER } else { it })
        .collect();
    if shown.len() < line.len() && shown.chars().count() == SAMPLE_CHARS {
        shown + "…"
    } else {
        shown
    }
}
