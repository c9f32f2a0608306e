//! Silences: periods in which matching alerts are muted, made while the server runs. A silence does not
//! mute the end of an alert that was notified.
//!
//! Table `Silence`, key: id. A silence is never removed before its time: ending one early moves its end.

use bincode::{Decode, Encode};
use plimsoll_storage::{
    Label, LabelMatchers, Matcher, Order, Pattern, Store, Table, TableBatch, TimestampMs,
};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::hex::hex;
use crate::labels::GroupLabels;
use crate::limits::LIST_ROWS_MAX;
use crate::records::row;
use crate::rule::{Period, Schedule};

/// Silences that are kept at once.
const SILENCES_MAX: usize = 1_000;
/// How long before its end a silence reminds of what it mutes, in milliseconds; a quarter of its
/// length when that is less.
const SILENCE_REMINDER_MS: i64 = 15 * 60_000;
/// How long a silence is kept on record after its end, in milliseconds.
const SILENCE_KEPT_MS: i64 = 30 * 24 * 3_600_000;
/// Longest silence, in milliseconds. A longer one belongs in the rules file.
pub const SILENCE_MS_MAX: i64 = 30 * 24 * 3_600_000;

/// A period in which matching alerts are muted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// 32 hex digits.
    pub id: String,
    /// The alerts that it mutes; never empty unless `rule` is given.
    pub matches: LabelMatchers,
    /// Only alerts of this rule.
    pub rule: Option<String>,
    /// When.
    pub period: Period,
    /// Who made it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When it was made.
    pub created_at: TimestampMs,
}

#[derive(Debug, Encode, Decode)]
struct Row {
    /// A number of label and condition, see [`numbered`], with values or a pattern.
    matches: Vec<(u8, Vec<String>)>,
    rule: Option<String>,
    start: TimestampMs,
    end: TimestampMs,
    weekly: Option<WeeklyRow>,
    author: String,
    reason: String,
    created_at: TimestampMs,
}

/// [`Schedule`] with the name of its time zone.
#[derive(Debug, Encode, Decode)]
struct WeeklyRow {
    days: [bool; 7],
    from_min: u16,
    to_min: u16,
    time_zone: String,
}

impl Silence {
    /// Whether it covers an alert of that rule with these labels at a time. Every label it names
    /// must be one of the alert's: a silence of one site does not mute the partner as a whole.
    #[must_use]
    pub fn covers(&self, rule: &str, labels: &GroupLabels, at: TimestampMs) -> bool {
        self.period.contains(at) && self.selects(rule, labels)
    }

    /// Whether it is about an alert of that rule with these labels, at whatever time.
    #[must_use]
    pub fn selects(&self, rule: &str, labels: &GroupLabels) -> bool {
        self.rule.as_deref().is_none_or(|own| own == rule)
            && self.matches.accept(|label| labels.get(label))
    }

    /// Whether it is about to end for good: a quarter of an hour before, a quarter of its length when it
    /// is shorter than an hour.
    #[must_use]
    pub fn ends_soon(&self, at: TimestampMs) -> bool {
        let Period { start, end, .. } = self.period;
        let ahead_ms = SILENCE_REMINDER_MS.min(end.since_ms(start) / 4);
        (end.plus_ms(-ahead_ms)..end).contains(&at)
    }

    /// Whether it was ended before its time. Its id is that of the fields that it was made with.
    #[must_use]
    pub fn was_ended(&self) -> bool {
        self.clone().with_id().id != self.id
    }

    /// What it is about, in words: `rule partner-5xx, partner dhl or ups`.
    #[must_use]
    pub fn scope(&self) -> String {
        let rule = self.rule.iter().map(|rule| format!("rule {rule}"));
        let labels = self.matches.iter().map(|(label, matcher)| {
            format!("{} {}", label.as_str(), matcher.written().join(" or "))
        });
        rule.chain(labels).collect::<Vec<_>>().join(", ")
    }

    /// Gives it an id: a hash of all its fields.
    #[must_use]
    pub fn with_id(self) -> Self {
        let mut hash = Sha256::new();
        hash.update(row::encode(&self.row()));
        let mut id = hex(&hash.finalize());
        id.truncate(32);
        Self { id, ..self }
    }

    fn row(&self) -> Row {
        Row {
            matches: self.matches.iter().map(|(label, it)| numbered(label, it)).collect(),
            rule: self.rule.clone(),
            start: self.period.start,
            end: self.period.end,
            weekly: self.period.weekly.as_ref().map(|hours| WeeklyRow {
                days: hours.days,
                from_min: hours.from_min,
                to_min: hours.to_min,
                time_zone: hours.time_zone.iana_name().unwrap_or_default().to_owned(),
            }),
            author: self.author.clone(),
            reason: self.reason.clone(),
            created_at: self.created_at,
        }
    }

    /// The silence that a row holds.
    pub(crate) fn read(key: &[u8], value: &[u8]) -> Result<Self> {
        let Row { matches, rule, start, end, weekly, author, reason, created_at } =
            row::decode("silence", value)?;
        let mut conditions = LabelMatchers::new();
        for (number, values) in matches {
            let (label, matcher) = condition(number, values).ok_or_else(|| Error::Corrupt {
                what: "silence",
                detail: format!("it has a condition number {number} that cannot be read"),
            })?;
            conditions.push(label, matcher);
        }
        let matches = conditions;
        let id = String::from_utf8_lossy(key).into_owned();
        let period = Period { start, end, weekly: weekly.map(WeeklyRow::read).transpose()? };
        Ok(Self { id, matches, rule, period, author, reason, created_at })
    }
}

/// The low bits of a condition's number are the label, the high bits the kind of condition: 0 for values of
/// which the label has one, 1 for values of which it has none, 2 for a pattern and 3 for an excluded pattern.
const KIND_SHIFT: u32 = 4;

fn numbered(label: Label, matcher: &Matcher) -> (u8, Vec<String>) {
    let (kind, values) = match matcher {
        Matcher::In(values) => (0, values.iter().cloned().collect()),
        Matcher::NotIn(values) => (1, values.iter().cloned().collect()),
        Matcher::Regex(pattern) => (2, vec![pattern.as_str().to_owned()]),
        Matcher::NotRegex(pattern) => (3, vec![pattern.as_str().to_owned()]),
    };
    (kind << KIND_SHIFT | label as u8, values)
}

/// Reads what [`numbered`] makes; `None` when it is no condition.
fn condition(number: u8, values: Vec<String>) -> Option<(Label, Matcher)> {
    let label = Label::ALL.get(usize::from(number & ((1 << KIND_SHIFT) - 1))).copied()?;
    let pattern = |values: Vec<String>| Pattern::new(values.first()?).ok();
    let matcher = match number >> KIND_SHIFT {
        0 => Matcher::In(values.into_iter().collect()),
        1 => Matcher::NotIn(values.into_iter().collect()),
        2 => Matcher::Regex(pattern(values)?),
        3 => Matcher::NotRegex(pattern(values)?),
        _ => return None,
    };
    Some((label, matcher))
}

impl WeeklyRow {
    fn read(self) -> Result<Schedule> {
        let Self { days, from_min, to_min, time_zone } = self;
        let unknown = |_| Error::Corrupt {
            what: "silence",
            detail: format!("it names a time zone {time_zone:?}"),
        };
        let time_zone = jiff::tz::TimeZone::get(&time_zone).map_err(unknown)?;
        Ok(Schedule { days, from_min, to_min, time_zone })
    }
}

/// Every silence that is kept, by id. Rows that cannot be read are left out and logged.
///
/// # Errors
/// When the store cannot be read.
pub fn list(store: &Store) -> Result<Vec<Silence>> {
    let rows = store.records(Table::Silence, &[], None, Order::Ascending, LIST_ROWS_MAX)?;
    let read = |(key, value): &(Vec<u8>, Vec<u8>)| {
        let silence = Silence::read(key, value);
        silence.inspect_err(|error| tracing::warn!(%error, "a silence is left out")).ok()
    };
    Ok(rows.iter().filter_map(read).collect())
}

/// The silence of that id.
///
/// # Errors
/// When the store cannot be read, or the row is damaged.
pub fn get(store: &Store, id: &str) -> Result<Option<Silence>> {
    let row = store.get(Table::Silence, id.as_bytes())?;
    row.map(|row| Silence::read(id.as_bytes(), &row)).transpose()
}

/// Writes a silence, or its new end, and deletes those that ended long ago. Returns whether there was
/// room for it.
///
/// # Errors
/// When the store cannot be read or written.
pub fn put(store: &Store, silence: &Silence, now: TimestampMs) -> Result<bool> {
    let kept = list(store)?;
    let mut batch = TableBatch::default();
    let is_over =
        |it: &&Silence| now.since_ms(it.period.end) > SILENCE_KEPT_MS && it.id != silence.id;
    let over: Vec<&Silence> = kept.iter().filter(is_over).collect();
    let is_new = kept.iter().all(|it| it.id != silence.id);
    if is_new && kept.len() - over.len() >= SILENCES_MAX {
        return Ok(false);
    }
    over.iter().for_each(|it| batch.delete(Table::Silence, it.id.as_bytes()));
    batch.put(Table::Silence, silence.id.as_bytes(), row::encode(&silence.row()));
    store.commit(batch)?;
    Ok(true)
}

#[cfg(test)]
mod tests;
