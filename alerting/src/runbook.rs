//! The runbook pages that come with the product: what an alert means, what to look at, what to do.
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
        &[$(Runbook { name: $name, text: include_str!(concat!("../runbooks/", $name, ".md")) }),*]
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
];

/// The page of that name.
#[must_use]
pub fn runbook(name: &str) -> Option<&'static Runbook> {
    RUNBOOKS.iter().find(|page| page.name == name)
}

/// The first numbered steps under `## Triage`, without their commands, each on a line of its own.
#[must_use]
pub fn first_steps(text: &str, count: usize) -> Vec<String> {
    let triage = text.split("\n## Triage\n").nth(1).unwrap_or_default();
    let triage = triage.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in triage.lines() {
        let (number, rest) = line.split_once(". ").unwrap_or_default();
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            steps.push(rest.trim().to_owned());
            goes_on = true;
        } else if let Some(step) = steps.last_mut().filter(|_| goes_on && is_prose(line)) {
            *step += " ";
            *step += line.trim();
        } else {
            goes_on = false;
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
mod tests {
    use super::*;
    use crate::RuleSet;

    /// What every page must tell; a ticket may go to a partner or to a receiver.
    const SECTIONS: [&str; 6] = [
        "\n## What it means\n",
        "\n## Triage\n",
        "\n## Mitigate\n",
        "\n## Escalate\n",
        " ticket\n",
        "\n## How it clears\n",
    ];

    #[test]
    fn every_page_that_the_default_pack_names_is_there() {
        let pack = RuleSet::default_pack().expect("the default pack holds");
        assert!(!pack.rules.is_empty());
        for rule in &pack.rules {
            assert!(runbook(&rule.runbook).is_some(), "{} names {}", rule.name, rule.runbook);
        }
    }

    #[test]
    fn every_page_tells_what_to_look_at_and_what_to_do() {
        for page in RUNBOOKS {
            assert!(page.text.starts_with("# ") && page.title().len() > 10, "{}", page.name);
            for section in SECTIONS {
                let (_, told) = page.text.split_once(section).unwrap_or_default();
                let told = told.split("\n## ").next().unwrap_or_default();
                assert!(told.len() > 120, "{}: {section:?} tells {} bytes", page.name, told.len());
            }
            assert!(page.text.contains("$API/"), "{} has no call to paste", page.name);
        }
    }

    #[test]
    fn the_first_steps_are_whole_sentences_without_commands() {
        for page in RUNBOOKS {
            let steps = first_steps(page.text, 3);
            assert_eq!(steps.len(), 3, "{}", page.name);
            for step in steps {
                assert!(step.len() > 10 && !step.contains("curl"), "{}: {step}", page.name);
            }
        }
        assert_eq!(first_steps("# Mine\n\nNo steps.\n", 3), Vec::<String>::new());
    }

    #[test]
    fn pages_are_found_by_name() {
        assert!(RUNBOOKS.is_sorted_by_key(|page| page.name));
        assert_eq!(runbook("partner-5xx").map(|page| page.name), Some("partner-5xx"));
        assert_eq!(runbook("partner-99"), None);
    }
}
