//! The runbook pages that come with the product: what an alert means, what to check, what to do.
//!
//! A rule's `runbook` names one of them, a file, or a URL.

/// A page, in Markdown; its first line is its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runbook {
    /// The name that rules use.
    pub name: &'static str,
    /// Markdown.
    pub text: &'static str,
}

impl Runbook {
    /// The title, without its mark.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[$(Runbook { name: $name, text: include_str!(concat!("../../runbooks/", $name, ".md")) }),*]
    };
}

/// Every page, by name.
pub const RUNBOOKS: &[Runbook] = pages![
    "cpu-usage",
    "memory-usage",
    "outbox-stuck",
    "partner-4xx",
    "partner-5xx",
    "partner-auth",
    "partner-drop",
    "partner-exceptions",
    "partner-latency",
    "partner-rate-limit",
    "partner-silent",
    "tracking-drop",
];

/// The page of that name.
#[must_use]
pub fn runbook(name: &str) -> Option<&'static Runbook> {
    RUNBOOKS.iter().find(|page| page.name == name)
}

/// The built-in page that a URL ends with: `https://wiki.example/runbooks/partner-5xx.html`.
#[must_use]
pub(crate) fn runbook_of_url(url: &str) -> Option<&'static Runbook> {
    let path = url.split(['?', '#']).next()?.trim_end_matches('/');
    let name = path.rsplit('/').next()?;
    let name =
        [".md", ".html", ".htm"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    runbook(name)
}

/// The first numbered steps under `## Triage`, whole: each command is on a line of its own, which begins
/// with four spaces. The variables that the page sets before its steps, such as `API=…; P=…`, are replaced by
/// their values: those of `known`, or those of the page.
#[must_use]
pub(crate) fn first_steps(text: &str, count: usize, known: &[(&str, String)]) -> Vec<String> {
    let triage = text.split("\n## Triage\n").nth(1).unwrap_or_default();
    let triage = triage.split("\n## ").next().unwrap_or_default();
    let mut variables: Vec<(&str, String)> = Vec::new();
    let mut steps: Vec<Step> = Vec::new();
    for line in triage.lines() {
        let (number, rest) = line.split_once(". ").unwrap_or_default();
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            steps.push(Step::new(number.len() + 2, &expanded(rest, &variables)));
        } else if let Some(step) = steps.last_mut() {
            step.add(line, &variables);
        } else {
            for (name, value) in assignments(line) {
                let own = known.iter().find(|(known, _)| *known == name);
                let value = own.map_or_else(|| expanded(value, &variables), |(_, it)| it.clone());
                variables.push((name, value));
            }
        }
    }
    steps.into_iter().take(count).map(|step| step.text).collect()
}

/// A numbered step that is being read.
struct Step {
    text: String,
    /// Columns before its text.
    indent: usize,
    is_fenced: bool,
    /// Whether the last line was text, which the next one continues.
    continues: bool,
}

impl Step {
    fn new(indent: usize, text: &str) -> Self {
        Self { text: text.trim().to_owned(), indent, is_fenced: false, continues: true }
    }

    fn add(&mut self, line: &str, variables: &[(&str, String)]) {
        let (trimmed, columns) = (line.trim(), line.len() - line.trim_start().len());
        if trimmed.starts_with("```") {
            (self.is_fenced, self.continues) = (!self.is_fenced, false);
        } else if trimmed.is_empty() {
            self.continues = false;
        } else if self.is_fenced || columns >= self.indent + 4 {
            let start = if self.is_fenced { self.indent } else { self.indent + 4 };
            self.text += "\n    ";
            self.text += &expanded(&line[start.min(columns)..], variables);
            self.continues = false;
        } else {
            self.text.push(if self.continues && !trimmed.starts_with("- ") { ' ' } else { '\n' });
            self.text += &expanded(trimmed, variables);
            self.continues = true;
        }
    }
}

/// The variables that a line of commands sets: `API=…; P=dhl   # your server`.
fn assignments(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let code = if line.starts_with("    ") { line } else { "" };
    let code = code.split("  #").next().unwrap_or_default();
    code.split(';').filter_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase());
        is_name.then(|| (name, value.trim().trim_matches('"')))
    })
}

/// A text with the values of its variables.
fn expanded(text: &str, variables: &[(&str, String)]) -> String {
    let mut parts = text.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end =
            part.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(part.len());
        match variables.iter().find(|(name, _)| *name == &part[..end]) {
            Some((_, value)) => {
                out += value;
                out += &part[end..];
            }
            None => {
                out.push('$');
                out += part;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
