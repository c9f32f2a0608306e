//! Two rules files over the same history: which partners each notifies of, and how much earlier.

use std::fmt::{self, Write as _};

use plimsoll_alerting::ReplayedAlert;
use plimsoll_storage::{Label, TimestampMs};
use serde::Serialize;

use crate::backtest::{span, trigger_times};
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

/// A notification of one rules file, or a pair, as a line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    found_by: &'static str,
    partner: &'a str,
    a: Option<TriggerLine<'a>>,
    b: Option<TriggerLine<'a>>,
    /// How much later `b` is, in seconds; negative if it is earlier.
    b_later_s: Option<f64>,
}

#[derive(Debug, Serialize)]
struct TriggerLine<'a> {
    rule: &'a str,
    at: String,
    resolved_at: Option<String>,
}

/// The notifications of some alerts, in the order of time.
fn triggers(alerts: &[ReplayedAlert]) -> Vec<TriggerRecord> {
    let mut triggers = Vec::new();
    for alert in alerts {
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

    fn line(&self) -> TriggerLine<'_> {
        TriggerLine {
            rule: &self.rule,
            at: time::format(self.at),
            resolved_at: self.resolved_at.map(time::format),
        }
    }
}

/// Pairs each notification of one rules file with the nearest one of the other that is about the same partner
/// and open at the same time. Notifications of the same rule are paired first.
pub(crate) fn compare(a: &[ReplayedAlert], b: &[ReplayedAlert]) -> RulesComparison {
    compare_triggers(triggers(a), triggers(b))
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

    /// Writes one JSON object a line, one line for each notification or pair.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub(crate) fn write_json(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        let alone = |found_by, trigger: &TriggerRecord, is_a| {
            let line = trigger.line();
            let (a, b) = if is_a { (Some(line), None) } else { (None, Some(line)) };
            serde_json::to_string(&Line {
                found_by,
                partner: &trigger.partner,
                a,
                b,
                b_later_s: None,
            })
        };
        let only_a = self.only_a.iter().map(|trigger| alone("a", trigger, true));
        let only_b = self.only_b.iter().map(|trigger| alone("b", trigger, false));
        let both = self.both.iter().map(|(a, b)| {
            serde_json::to_string(&Line {
                found_by: "both",
                partner: &a.partner,
                a: Some(a.line()),
                b: Some(b.line()),
                b_later_s: Some(b.at.since_ms(a.at) as f64 / 1e3),
            })
        });
        for line in only_a.chain(only_b).chain(both) {
            writeln!(out, "{}", line?)?;
        }
        Ok(())
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
