use super::*;
use crate::{RuleSet, Signal};

/// The sections of every page; the ticket section may be for a partner or a receiver.
const SECTIONS: [&str; 6] = [
    "\n## What it means\n",
    "\n## Triage\n",
    "\n## Mitigate\n",
    "\n## Escalate\n",
    " ticket\n",
    "\n## How it clears\n",
];

#[test]
fn every_page_of_the_default_pack_exists() {
    let pack = RuleSet::default_pack().expect("the default pack is valid");
    assert!(!pack.rules.is_empty());
    for rule in &pack.rules {
        assert!(runbook(&rule.runbook).is_some(), "{} names {}", rule.name, rule.runbook);
    }
}

#[test]
fn the_page_of_a_rule_queries_the_stream_of_the_rule() {
    let pack = RuleSet::default_pack().expect("the default pack is valid");
    for rule in &pack.rules {
        if matches!(rule.signal, Signal::Gauge { .. }) {
            continue;
        }
        let stream = rule.signal.stream();
        let page = runbook(&rule.runbook).expect("a shipped page").text;
        let commands = || page.lines().filter(|line| line.starts_with("    "));
        let names = |line: &str| {
            let literal = format!("stream={stream}&");
            let of_loop =
                line.trim().strip_prefix("for s in ").and_then(|it| it.strip_suffix("; do"));
            line.contains(&literal)
                || of_loop.is_some_and(|it| it.split(' ').any(|it| it == stream))
        };
        assert!(commands().any(names), "{} does not query {stream}", rule.runbook);
        let drops = matches!(rule.signal, Signal::Drop { .. });
        let first = commands().find(|line| line.contains("stream=")).unwrap_or_default();
        assert!(!drops || names(first), "{}: {first}", rule.runbook);
    }
}

#[test]
fn every_page_has_every_section() {
    for page in RUNBOOKS {
        assert!(page.text.starts_with("# ") && page.title().len() > 10, "{}", page.name);
        for section in SECTIONS {
            let (_, text) = page.text.split_once(section).unwrap_or_default();
            let text = text.split("\n## ").next().unwrap_or_default();
            assert!(text.len() > 120, "{}: {section:?} has {} bytes", page.name, text.len());
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
