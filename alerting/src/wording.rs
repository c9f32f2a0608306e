//! The words that templates of messages may use, and how templates are checked and filled in.
//!
//! A template is bounded in its own length, in the steps it may take and in what it writes. It reads
//! nothing but its words.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use serde::Serialize;

use crate::limits::MESSAGE_BYTES_MAX;

/// Bytes of a template in the rules file.
const TEMPLATE_BYTES_MAX: usize = 16 << 10;
/// Steps that a template of messages may take.
const TEMPLATE_FUEL_MAX: u64 = 100_000;

/// What a template can say: everything in words. The names are those that templates use.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Words {
    pub(crate) summary: String,
    pub(crate) begins: bool,
    pub(crate) severity: String,
    pub(crate) rule: String,
    pub(crate) owner: String,
    /// The partner; empty when the alert is about none, or several.
    pub(crate) partner: String,
    pub(crate) labels: Vec<(String, String)>,
    /// Groups beside that of the alert that share the message, and how many more there are.
    pub(crate) others: Vec<String>,
    pub(crate) others_more: u32,
    pub(crate) what: String,
    pub(crate) value: String,
    pub(crate) lower: String,
    pub(crate) upper: Option<String>,
    pub(crate) threshold: String,
    pub(crate) basis: String,
    pub(crate) since: String,
    pub(crate) at: String,
    /// The trend as a line of bars, and in words; empty when it is not known.
    pub(crate) spark: String,
    pub(crate) trend: String,
    /// Events behind the alert, by their ids.
    pub(crate) examples: Vec<String>,
    pub(crate) dashboard: String,
    pub(crate) explain: String,
    /// Where the runbook is, or its name when it is served nowhere.
    pub(crate) runbook: String,
    pub(crate) steps: Vec<String>,
    pub(crate) contacts: Vec<String>,
    pub(crate) alert_id: String,
    /// By how much the message is late, when it is.
    pub(crate) late_by: Option<String>,
}

impl Words {
    /// The words with every text of outside changed by `escape`.
    pub(crate) fn map(self, escape: &dyn Fn(&str) -> String) -> Self {
        let all = |texts: &[String]| texts.iter().map(|text| escape(text)).collect();
        let labels = self.labels.iter().map(|(label, value)| (label.clone(), escape(value)));
        Self {
            summary: escape(&self.summary),
            rule: escape(&self.rule),
            owner: escape(&self.owner),
            partner: escape(&self.partner),
            labels: labels.collect(),
            others: all(&self.others),
            what: escape(&self.what),
            trend: escape(&self.trend),
            examples: all(&self.examples),
            dashboard: escape(&self.dashboard),
            explain: escape(&self.explain),
            runbook: escape(&self.runbook),
            steps: all(&self.steps),
            contacts: all(&self.contacts),
            ..self
        }
    }

    /// Words with something to say for each name, for the beginning or the end of an alert.
    fn sample(begins: bool) -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            summary: text("dhl: 5xx share of requests 12.5% > 5%"),
            begins,
            severity: text("critical"),
            rule: text("partner-5xx"),
            owner: text("integrations"),
            partner: text("dhl"),
            labels: vec![(text("partner"), text("dhl"))],
            others: vec![text("ups"); 3],
            others_more: 1,
            what: text("5xx share of requests"),
            value: text("12.5%"),
            lower: text("7%"),
            upper: Some(text("20%")),
            threshold: text("5%"),
            basis: text("320 items in 5m"),
            since: text("2026-11-20T20:00:00Z"),
            at: text("2026-11-20T20:05:00Z"),
            spark: text("▁▂▇"),
            trend: text("1% → 12.5% within 15m"),
            examples: vec![text("order_id O-1: 5xx"); 3],
            dashboard: text("https://plimsoll.example/partners/dhl"),
            explain: text("https://plimsoll.example/api/v1/rules/partner-5xx/explain"),
            runbook: text("https://plimsoll.example/runbooks/partner-5xx"),
            steps: vec![text("Look at the dashboard."); 3],
            contacts: vec![text("dhl: noc@dhl.example"); 3],
            alert_id: text("01"),
            late_by: Some(text("3m")),
        }
    }

    /// The names that a template may use.
    pub(crate) fn names() -> Vec<String> {
        let sample = serde_json::to_value(Self::sample(true)).unwrap_or_default();
        sample.as_object().map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Line of the template, from 1.
    pub(crate) line: u64,
    /// What is wrong there, and what would be right.
    pub(crate) detail: String,
}

/// Checks a template of the rules file: that it can be read, uses no unknown name in any branch, and can
/// be filled in for the beginning and the end of an alert.
pub(crate) fn check(template: &str) -> Result<(), Mistake> {
    if template.len() > TEMPLATE_BYTES_MAX {
        let detail = format!("it has {} bytes, the limit is {TEMPLATE_BYTES_MAX}", template.len());
        return Err(Mistake { line: 1, detail });
    }
    let environment = environment(UndefinedBehavior::Strict).map_err(|error| mistake(&error))?;
    let parsed = environment.template_from_str(template).map_err(|error| mistake(&error))?;
    let known = Words::names();
    let is_known = |name: &String| {
        known.contains(name) || environment.globals().any(|(global, _)| global == name)
    };
    let mut unknown: Vec<String> = parsed.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !is_known(name));
    let unknown = unknown.into_iter().map(|name| (line_of(template, &name), name)).min();
    if let Some((line, name)) = unknown {
        let detail = format!("there is no `{name}`; use some of {}", known.join(", "));
        return Err(Mistake { line, detail });
    }
    for begins in [true, false] {
        let words = Words::sample(begins);
        fill(&environment, template, &words, MESSAGE_BYTES_MAX).map_err(|error| mistake(&error))?;
    }
    Ok(())
}

/// A template with its words filled in: at most so many bytes. What may be missing is left empty.
pub(crate) fn render(template: &str, words: &Words, bytes_max: usize) -> Result<String, Error> {
    fill(&environment(UndefinedBehavior::Lenient)?, template, words, bytes_max)
}

fn fill(
    environment: &Environment<'_>,
    template: &str,
    words: &Words,
    bytes_max: usize,
) -> Result<String, Error> {
    let mut text = Bounded { bytes: Vec::new(), bytes_max };
    environment.template_from_str(template)?.render_captured_to(Serde(words), &mut text)?;
    Ok(String::from_utf8_lossy(&text.bytes).into_owned())
}

fn environment<'t>(undefined: UndefinedBehavior) -> Result<Environment<'t>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(undefined);
    environment.set_fuel(Some(TEMPLATE_FUEL_MAX));
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    Ok(environment)
}

fn mistake(error: &Error) -> Mistake {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let line = error.line().map_or(1, |line| line as u64);
    Mistake { line, detail: format!("{}{detail}", error.kind()) }
}

/// The first line that has a name as a word of its own.
fn line_of(template: &str, name: &str) -> u64 {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let has_it = |line: &str| line.split(|letter| !is_part(letter)).any(|word| word == name);
    template.lines().position(has_it).map_or(1, |line| line as u64 + 1)
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            let detail = format!("the text has more than {} bytes", self.bytes_max);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
