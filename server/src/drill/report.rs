//! What a drill found, against what was expected.

use std::fmt::{self, Write as _};

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::{RuleFacts, Scenario, Traffic};
use crate::wire::time;

/// A rule that fired in a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) rule: String,
    pub(crate) fired_at: TimestampMs,
    pub(crate) severity: String,
}

/// A drill, and every rule that noticed it or should have.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    scenario: &'static str,
    partner: String,
    /// The release that its streams have.
    drill: String,
    fault_from: String,
    fault_until: String,
    rules: Vec<Line>,
    /// Whether every rule that is about the fault noticed it; of one that is to wake nobody, whether
    /// none did.
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
    /// Seconds from the beginning of the fault.
    after_s: Option<f64>,
    severity: Option<String>,
}

impl Report {
    /// Holds what was found against what the rules are about. Of several alerts of a rule the first
    /// counts; those from before the fault are surprises too.
    pub(crate) fn new(drill: &Traffic, rules: &[RuleFacts], found: &[Found]) -> Self {
        let Traffic { scenario, partner, .. } = drill;
        let line = |rule: &RuleFacts| {
            let expected = scenario.is_noticed_by(rule, partner);
            let own = found.iter().filter(|one| one.rule == rule.name);
            let first = own.min_by_key(|one| one.fired_at);
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
        let is_noticed = lines.iter().all(|line| line.found || !line.expected)
            && lines.iter().any(|line| line.expected);
        let as_expected = if is_quiet { lines.is_empty() } else { is_noticed };
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

    /// For people.
    ///
    /// # Errors
    /// Never: it is written into memory.
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
        let word = |is: bool| if is { "yes" } else { "no" };
        for line in &self.rules {
            let after = line.after_s.map_or("-".to_owned(), |s| {
                format!("{}m{:02}s", (s / 60.0).floor(), s.rem_euclid(60.0).floor())
            });
            writeln!(
                text,
                "{:<width$}  {:<8}  {:<5}  {after:>7}  {}",
                line.rule,
                word(line.expected),
                word(line.found),
                line.severity.as_deref().unwrap_or("-")
            )?;
        }
        let missed = self.rules.iter().filter(|line| line.expected && !line.found).count();
        let is_about = self.rules.iter().any(|line| line.expected);
        let verdict = match (self.as_expected, missed) {
            (true, _) if !is_about => "as expected: no rule fired".to_owned(),
            (true, _) => "as expected".to_owned(),
            (false, 0) if self.rules.is_empty() => "no rule of the server is about this".to_owned(),
            (false, 0) => "not as expected: no rule that fired is about this".to_owned(),
            (false, missed) => format!("not as expected: {missed} did not notice"),
        };
        writeln!(text, "{}{verdict}", if self.rules.is_empty() { "" } else { "\n" })?;
        Ok(text)
    }
}
