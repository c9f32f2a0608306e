//! Two rules files over the same history: which partners each notifies of, and how much earlier.

use std::fmt::{self, Write as _};

use plimsoll_alerting::ReplayedAlert;
use plimsoll_storage::{Label, TimestampMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backtest::{ReplayResult, span, trigger_times};
use crate::wire::time;

/// A notification that an alert fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TriggerRecord {
    pub(crate) at: TimestampMs,
    pub(crate) partner: String,
    pub(crate) rule: String,
    pub(crate) resolved_at: Option<TimestampMs>,
}

/// How the notifications of two rules files differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RulesComparison {
    pub(crate) only_a: Vec<TriggerRecord>,
    pub(crate) only_b: Vec<TriggerRecord>,
    /// Notifications about the same partner at overlapping times.
    pub(crate) both: Vec<(TriggerRecord, TriggerRecord)>,
}

/// A notification of one rules file, or a pair of both, as a line of JSON.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ComparisonLine {
    found_by: FoundBy,
    partner: String,
    a: Option<TriggerLine>,
    b: Option<TriggerLine>,
    /// How much later `b` is, in seconds; negative if it is earlier.
    b_later_s: Option<f64>,
}

/// The rules file or files that notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FoundBy {
    A,
    B,
    Both,
}

/// A notification of one rules file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct TriggerLine {
    rule: String,
    at: String,
    resolved_at: Option<String>,
}

/// The notifications of some alerts, in the order of time.
fn triggers(alerts: &[ReplayedAlert], from: Option<TimestampMs>) -> Vec<TriggerRecord> {
    let mut triggers = Vec::new();
    for alert in alerts.iter().filter(|alert| from.is_none_or(|from| alert.fired_at >= from)) {
        triggers.extend(trigger_times(alert).into_iter().map(|at| TriggerRecord {
            at,
            partner: alert.labels.get(Label::Partner).unwrap_or_default().to_owned(),
            rule: alert.rule.clone(),
            resolved_at: alert.resolved_at,
        }));
    }
    triggers.sort_by(|a, b| (a.at, &a.partner, &a.rule).cmp(&(b.at, &b.partner, &b.rule)));
    triggers
}

impl TriggerRecord {
    fn overlaps(&self, other: &Self) -> bool {
        let ends_after = |one: &Self, at: TimestampMs| one.resolved_at.is_none_or(|end| end >= at);
        self.partner == other.partner && ends_after(self, other.at) && ends_after(other, self.at)
    }

    fn line(&self) -> TriggerLine {
        TriggerLine {
            rule: self.rule.clone(),
            at: time::format(self.at),
            resolved_at: self.resolved_at.map(time::format),
        }
    }

    fn of_line(partner: &str, line: &TriggerLine) -> Option<Self> {
        let time = |text: &String| {
            text.parse().ok().map(|at: jiff::Timestamp| TimestampMs(at.as_millisecond()))
        };
        let resolved_at = line.resolved_at.as_ref();
        Some(Self {
            at: time(&line.at)?,
            partner: partner.to_owned(),
            rule: line.rule.clone(),
            resolved_at: resolved_at.and_then(time),
        })
    }
}

/// Pairs each notification of the first rules file with the nearest one of the second that is about the same
/// partner and open at the same time. Notifications of the same rule are paired first. Alerts before `from`
/// are left out.
pub(crate) fn compare(results: &[ReplayResult], from: Option<TimestampMs>) -> RulesComparison {
    let of = |number: usize| triggers(results.get(number).map_or(&[], |it| &it.alerts), from);
    compare_triggers(of(0), of(1))
}

fn compare_triggers(a: Vec<TriggerRecord>, b: Vec<TriggerRecord>) -> RulesComparison {
    let mut comparison = RulesComparison { only_a: a, only_b: b, both: Vec::new() };
    comparison.pair(|one, other| one.rule == other.rule);
    comparison.pair(|_, _| true);
    comparison
        .both
        .sort_by(|(a, _), (b, _)| (a.at, &a.partner, &a.rule).cmp(&(b.at, &b.partner, &b.rule)));
    comparison
}

impl RulesComparison {
    /// Pairs notifications that are not yet paired and that `is_pair` accepts.
    fn pair(&mut self, is_pair: impl Fn(&TriggerRecord, &TriggerRecord) -> bool) {
        for trigger in std::mem::take(&mut self.only_a) {
            let near = |(_, other): &(usize, &TriggerRecord)| other.at.since_ms(trigger.at).abs();
            let fits = |(_, other): &(usize, &TriggerRecord)| {
                trigger.overlaps(other) && is_pair(&trigger, other)
            };
            match self.only_b.iter().enumerate().filter(fits).min_by_key(near) {
                Some((position, _)) => {
                    let other = self.only_b.remove(position);
                    self.both.push((trigger, other));
                }
                None => self.only_a.push(trigger),
            }
        }
    }

    /// One line for each notification or pair.
    pub(crate) fn lines(&self) -> Vec<ComparisonLine> {
        let line =
            |found_by, a: Option<&TriggerRecord>, b: Option<&TriggerRecord>| ComparisonLine {
                found_by,
                partner: a.or(b).map_or_else(String::new, |it| it.partner.clone()),
                a: a.map(TriggerRecord::line),
                b: b.map(TriggerRecord::line),
                b_later_s: a.zip(b).map(|(a, b)| b.at.since_ms(a.at) as f64 / 1e3),
            };
        let only_a = self.only_a.iter().map(|trigger| line(FoundBy::A, Some(trigger), None));
        let only_b = self.only_b.iter().map(|trigger| line(FoundBy::B, None, Some(trigger)));
        let both = self.both.iter().map(|(a, b)| line(FoundBy::Both, Some(a), Some(b)));
        only_a.chain(only_b).chain(both).collect()
    }

    /// The comparison of some lines, as a server answers them.
    pub(crate) fn of_lines(lines: &[ComparisonLine]) -> Self {
        let mut comparison = Self::default();
        for ComparisonLine { partner, a, b, .. } in lines {
            let record = |line: &Option<TriggerLine>| {
                line.as_ref().and_then(|line| TriggerRecord::of_line(partner, line))
            };
            match (record(a), record(b)) {
                (Some(a), Some(b)) => comparison.both.push((a, b)),
                (a, b) => {
                    comparison.only_a.extend(a);
                    comparison.only_b.extend(b);
                }
            }
        }
        comparison
    }

    /// A table for people.
    ///
    /// # Errors
    /// Never: the text is written into memory.
    pub(crate) fn table(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        for (title, triggers) in [("only in A", &self.only_a), ("only in B", &self.only_b)] {
            writeln!(text, "{title}: {} notifications", triggers.len())?;
            for trigger in triggers {
                let TriggerRecord { at, partner, rule, resolved_at } = trigger;
                let lasted =
                    resolved_at.map_or_else(|| "open".to_owned(), |end| span(end.since_ms(*at)));
                writeln!(text, "  {}  {lasted:>8}  {partner:<16}  {rule}", time::format(*at))?;
            }
        }
        writeln!(text, "in both: {} notifications", self.both.len())?;
        for (a, b) in &self.both {
            let later = b.at.since_ms(a.at);
            let shift = match later {
                0 => "at the same time".to_owned(),
                1.. => format!("B {} later", span(later)),
                _ => format!("B {} earlier", span(-later)),
            };
            let rules =
                if a.rule == b.rule { a.rule.clone() } else { format!("{} / {}", a.rule, b.rule) };
            writeln!(text, "  {}  {shift:>16}  {:<16}  {rules}", time::format(a.at), a.partner)?;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
