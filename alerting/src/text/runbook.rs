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

/// The first numbered steps under `## Triage`, without their commands, each on a line of its own.
#[must_use]
pub(crate) fn first_steps(text: &str, count: usize) -> Vec<String> {
    let triage = text.split("\n## Triage\n").nth(1).unwrap_or_default();
    let triage = triage.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<String> = Vec::new();
    let mut continues = false;
    for line in triage.lines() {
        let (number, rest) = line.split_once(". ").unwrap_or_default();
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            steps.push(rest.trim().to_owned());
            continues = true;
        } else if let Some(step) = steps.last_mut().filter(|_| continues && is_prose(line)) {
            *step += " ";
            *step += line.trim();
        } else {
            continues = false;
        }
    }
    steps.truncate(count);
    steps
}

fn is_prose(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("- ")
}

#[cfg(test)]
mod tests;
