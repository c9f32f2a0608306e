//! The alerts of a drill, compared with the expected ones.

use std::fmt::{self, Write as _};

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::{OPERATION, RuleFacts, Scenario, Traffic};
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
    /// What each receiver would get.
    messages: Vec<DrillMessageLine>,
    /// Whether every rule that should detect the fault did, and each message is complete; for a fault that
    /// should not notify, whether no rule did.
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

/// What a receiver would get of an alert of a drill.
#[derive(Debug, Serialize)]
pub(crate) struct DrillMessageLine {
    rule: String,
    receiver: String,
    text: String,
    /// What a person misses in it; empty for a good one.
    missing: Vec<String>,
}

impl DrillMessageLine {
    /// Checks that a message says who, since when and how bad, and that its links open.
    pub(crate) fn new(
        (rule, receiver): (String, String),
        text: String,
        partner: &str,
        closed_links: &[String],
    ) -> Self {
        let facts = [
            (partner, "who"),
            (OPERATION, "where"),
            ("since ", "since when"),
            ("limit ", "how bad"),
            ("First: ", "what to do first"),
        ];
        let missing = facts.iter().filter(|(fact, _)| !text.contains(fact));
        let mut missing: Vec<String> = missing.map(|(_, name)| (*name).to_owned()).collect();
        missing.extend(closed_links.iter().map(|path| format!("the page {path}")));
        Self { rule, receiver, text, missing }
    }
}

impl DrillReport {
    /// Compares the alerts with the expected rules. Of several alerts of a rule the first counts. An alert
    /// from before the fault counts as unexpected.
    pub(crate) fn new(
        drill: &Traffic,
        rules: &[RuleFacts],
        found: &[FiredAlert],
        messages: Vec<DrillMessageLine>,
    ) -> Self {
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
        let is_complete = messages.iter().all(|message| message.missing.is_empty());
        let as_expected = if is_quiet { lines.is_empty() } else { is_detected && is_complete };
        Self {
            scenario: scenario.name(),
            partner: partner.clone(),
            drill: drill.name.clone(),
            fault_from: time::format(drill.fault_from()),
            fault_until: time::format(drill.until),
            rules: lines,
            messages,
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
        for DrillMessageLine { rule, receiver, text: message, missing } in &self.messages {
            writeln!(text, "\n{receiver} would get of {rule}:\n\n{message}")?;
            if !missing.is_empty() {
                writeln!(text, "it lacks: {}", missing.join(", "))?;
            }
        }
        let lacking = self.messages.iter().filter(|message| !message.missing.is_empty()).count();
        let missed = self.rules.iter().filter(|line| line.expected && !line.found).count();
        let is_any_expected = self.rules.iter().any(|line| line.expected);
        let result = match (self.as_expected, missed) {
            (true, _) if !is_any_expected => "as expected: no rule fired".to_owned(),
            (true, _) => "as expected".to_owned(),
            (false, 0) if lacking > 0 => {
                format!("not as expected: {lacking} messages lack something")
            }
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
