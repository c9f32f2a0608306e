//! The alerts of a drill, compared with the expected ones.

use std::fmt::{self, Write as _};

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::{RuleFacts, Scenario, Traffic};
use crate::wire::time;

/// An alert that fired in a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FiredAlert {
    pub(crate) rule: String,
    pub(crate) fired_at: TimestampMs,
    pub(crate) severity: String,
}

/// A drill, and every rule that detected it or should have.
#[derive(Debug, Serialize)]
pub(crate) struct DrillReport {
    scenario: &'static str,
    partner: String,
    /// The release of its streams.
    drill: String,
    fault_from: String,
    fault_until: String,
    rules: Vec<Line>,
    /// Whether every rule that should detect the fault did; for a fault that should not notify, whether no
    /// rule did.
    as_expected: bool,
    #[serde(skip)]
    sentence: &'static str,
}

#[derive(Debug, Serialize)]
struct Line {
    rule: String,
    expected: bool,
    found: bool,
    fired_at: Option<String>,
    /// Seconds since the start of the fault.
    after_s: Option<f64>,
    severity: Option<String>,
}

impl DrillReport {
    /// Compares the alerts with the expected rules. Of several alerts of a rule the first counts. An alert
    /// from before the fault counts as unexpected.
    pub(crate) fn new(drill: &Traffic, rules: &[RuleFacts], found: &[FiredAlert]) -> Self {
        let Traffic { scenario, partner, .. } = drill;
        let line = |rule: &RuleFacts| {
            let expected = scenario.is_detected_by(rule, partner);
            let alerts = found.iter().filter(|one| one.rule == rule.name);
            let first = alerts.min_by_key(|one| one.fired_at);
            (expected || first.is_some()).then(|| Line {
                rule: rule.name.clone(),
                expected,
                found: first.is_some(),
                fired_at: first.map(|it| time::format(it.fired_at)),
                after_s: first.map(|it| it.fired_at.since_ms(drill.fault_from()) as f64 / 1e3),
                severity: first.map(|it| it.severity.clone()),
            })
        };
        let lines: Vec<Line> = rules.iter().filter_map(line).collect();
        let is_quiet = *scenario == Scenario::Blip;
        let is_detected = lines.iter().all(|line| line.found || !line.expected)
            && lines.iter().any(|line| line.expected);
        let as_expected = if is_quiet { lines.is_empty() } else { is_detected };
        Self {
            scenario: scenario.name(),
            partner: partner.clone(),
            drill: drill.name.clone(),
            fault_from: time::format(drill.fault_from()),
            fault_until: time::format(drill.until),
            rules: lines,
            as_expected,
            sentence: scenario.sentence(),
        }
    }

    pub(crate) const fn is_as_expected(&self) -> bool {
        self.as_expected
    }

    /// A table for people.
    ///
    /// # Errors
    /// Never: the text is written into memory.
    pub(crate) fn table(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let Self { scenario, partner, drill, fault_from, fault_until, sentence, .. } = self;
        writeln!(text, "drill {scenario} on {partner}: {sentence}")?;
        writeln!(
            text,
            "from {fault_from} to {fault_until}, environment sandbox, release {drill}\n"
        )?;
        let width = self.rules.iter().map(|line| line.rule.len()).max().unwrap_or(0).max(4);
        if !self.rules.is_empty() {
            writeln!(text, "{:<width$}  expected  found  {:>7}  severity", "rule", "after")?;
        }
        let yes_or_no = |is: bool| if is { "yes" } else { "no" };
        for line in &self.rules {
            let after = line.after_s.map_or("-".to_owned(), |s| {
                format!("{}m{:02}s", (s / 60.0).floor(), s.rem_euclid(60.0).floor())
            });
            writeln!(
                text,
                "{:<width$}  {:<8}  {:<5}  {after:>7}  {}",
                line.rule,
                yes_or_no(line.expected),
                yes_or_no(line.found),
                line.severity.as_deref().unwrap_or("-")
            )?;
        }
        let missed = self.rules.iter().filter(|line| line.expected && !line.found).count();
        let is_any_expected = self.rules.iter().any(|line| line.expected);
        let result = match (self.as_expected, missed) {
            (true, _) if !is_any_expected => "as expected: no rule fired".to_owned(),
            (true, _) => "as expected".to_owned(),
            (false, 0) if self.rules.is_empty() => {
                "no rule of the server covers this fault".to_owned()
            }
            (false, 0) => "not as expected: no rule that fired covers this fault".to_owned(),
            (false, missed) => format!("not as expected: {missed} rules did not detect it"),
        };
        writeln!(text, "{}{result}", if self.rules.is_empty() { "" } else { "\n" })?;
        Ok(text)
    }
}
