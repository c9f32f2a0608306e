//! The noise report as JSON, and as Markdown for people.

use std::fmt::Write;

use plimsoll_alerting::report::{Noise, Tally};
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::time;

/// Partners that are listed.
const PARTNERS_MAX: usize = 10;

/// How noisy alerting was.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NoiseBody {
    start: String,
    end: String,
    total: TallyBody,
    /// Those with the most notified alerts first.
    rules: Vec<RuleNoiseBody>,
    /// The partners with the most notified alerts.
    partners: Vec<PartnerNoiseBody>,
    /// Rules in force that did not fire.
    never_fired: Vec<String>,
    /// Whether there were too many alerts: the oldest are left out.
    truncated: bool,
}

/// The alerts of a rule.
#[derive(Debug, Serialize, JsonSchema)]
struct RuleNoiseBody {
    rule: String,
    #[serde(flatten)]
    tally: TallyBody,
}

/// The alerts about a partner.
#[derive(Debug, Serialize, JsonSchema)]
struct PartnerNoiseBody {
    partner: String,
    #[serde(flatten)]
    tally: TallyBody,
}

/// Counts of alerts.
#[derive(Debug, Serialize, JsonSchema)]
struct TallyBody {
    alerts: usize,
    /// Alerts that someone was notified of.
    pages: usize,
    pages_per_week: f64,
    /// The share of these that someone acknowledged.
    acknowledged_share: Option<f64>,
    /// The share of these that ended within five minutes, of those that have ended.
    short_share: Option<f64>,
    /// Alerts that fired within half an hour after the one before had ended.
    flaps: usize,
    open_s: f64,
}

impl TallyBody {
    fn new(tally: Tally, weeks: f64) -> Self {
        Self {
            alerts: tally.alerts,
            pages: tally.notified,
            pages_per_week: (tally.notified as f64 / weeks * 100.0).round() / 100.0,
            acknowledged_share: (tally.notified > 0)
                .then(|| tally.acknowledged as f64 / tally.notified as f64),
            short_share: (tally.resolved > 0).then(|| tally.short as f64 / tally.resolved as f64),
            flaps: tally.flaps,
            open_s: tally.open_ms as f64 / 1e3,
        }
    }
}

impl NoiseBody {
    pub(crate) fn new(
        noise: Noise,
        (start, end): (TimestampMs, TimestampMs),
        truncated: bool,
    ) -> Self {
        let weeks = end.since_ms(start).max(1) as f64 / (7.0 * 86_400e3);
        let tally = |tally| TallyBody::new(tally, weeks);
        let rules = noise.rules.into_iter();
        let partners = noise.partners.into_iter().take(PARTNERS_MAX);
        Self {
            start: time::format(start),
            end: time::format(end),
            total: tally(noise.all),
            rules: rules.map(|(rule, of)| RuleNoiseBody { rule, tally: tally(of) }).collect(),
            partners: partners
                .map(|(partner, of)| PartnerNoiseBody { partner, tally: tally(of) })
                .collect(),
            never_fired: noise.never_fired,
            truncated,
        }
    }
}

impl NoiseBody {
    /// The report as a page for the weekly review.
    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!("# Noise of alerting\n\n{} to {}.\n", self.start, self.end);
        if self.truncated {
            text += "There were more alerts than were looked at: the oldest are left out.\n";
        }
        let all = [("everything", &self.total)];
        put_table(&mut text, "In all", "", all.into_iter());
        let rules = self.rules.iter().map(|it| (it.rule.as_str(), &it.tally));
        put_table(&mut text, "By rule, most pages first", "rule", rules);
        let partners = self.partners.iter().map(|it| (it.partner.as_str(), &it.tally));
        put_table(&mut text, "The partners with the most pages", "partner", partners);
        text += "\n## Rules that never fired\n\n";
        // Writing to a string cannot fail.
        if self.never_fired.is_empty() {
            text += "None.\n";
        }
        for rule in &self.never_fired {
            let _ = writeln!(text, "- {}", escaped(rule));
        }
        text
    }
}

fn put_table<'a>(
    text: &mut String,
    title: &str,
    of: &str,
    rows: impl Iterator<Item = (&'a str, &'a TallyBody)>,
) {
    let _ = writeln!(text, "\n## {title}\n");
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        *text += "None.\n";
        return;
    }
    let _ = writeln!(
        text,
        "| {of} | alerts | pages | pages a week | acknowledged | over within 5 min | flaps | open |\n\
         |---|---|---|---|---|---|---|---|"
    );
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0))
    };
    for (name, tally) in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {:.1} h |",
            escaped(name),
            tally.alerts,
            tally.pages,
            tally.pages_per_week,
            percent(tally.acknowledged_share),
            percent(tally.short_share),
            tally.flaps,
            tally.open_s / 3_600.0,
        );
    }
}

/// A name, escaped for Markdown: partner names come from outside.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_punctuation() {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests;
