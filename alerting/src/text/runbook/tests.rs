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
fn the_first_steps_are_whole_and_their_commands_can_be_copied() {
    let known = [
        ("API", "https://plimsoll.example/api/v1".to_owned()),
        ("P", "gls".to_owned()),
        ("E", "production".to_owned()),
    ];
    for page in RUNBOOKS {
        let steps = first_steps(page.text, 3, &known);
        assert_eq!(steps.len(), 3, "{}", page.name);
        for step in &steps {
            assert!(step.len() > 10 && !step.ends_with(':'), "{}: {step}", page.name);
            let unknown = ["$API", "$P&", "$E&", "$S&", "$S\""];
            assert!(!unknown.iter().any(|it| step.contains(it)), "{}: {step}", page.name);
        }
        let text = steps.join("\n");
        assert!(text.contains("curl -s \"https://plimsoll.example/api"), "{}: {text}", page.name);
    }
    let silent = first_steps(runbook("partner-silent").unwrap().text, 1, &known);
    assert_eq!(
        silent[0],
        "What was the last event of each stream?\n    \
         curl -s \"https://plimsoll.example/api/v1/partners/gls?environment=production\"\n    \
         curl -s \"https://plimsoll.example/api/v1/query/freshness?partner=gls&environment=production\
         &stream=webhooks&by=operation&by=site\""
    );
    assert_eq!(first_steps("# Mine\n\nNo steps.\n", 3, &[]), Vec::<String>::new());
}

#[test]
fn steps_keep_lists_fences_and_what_follows_a_colon() {
    let text = "# Mine\n\n## Triage\n\n1. Restart it:\n\n   ```\n   systemctl restart a\n     --now\n   ```\n\n   \
                Then wait.\n2. Ask:\n   - ann,\n     or\n   - bob\n\n## Mitigate\n";
    assert_eq!(
        first_steps(text, 3, &[]),
        ["Restart it:\n    systemctl restart a\n      --now\nThen wait.", "Ask:\n- ann, or\n- bob"]
    );
}

#[test]
fn a_url_that_ends_with_the_name_of_a_page_has_its_steps() {
    for url in ["https://w.example/r/partner-5xx", "https://w.example/partner-5xx.md?x=1#y"] {
        assert_eq!(runbook_of_url(url).map(|page| page.name), Some("partner-5xx"), "{url}");
    }
    assert_eq!(runbook_of_url("https://w.example/partner-5xx/other"), None);
}

#[test]
fn pages_are_found_by_name() {
    assert!(RUNBOOKS.is_sorted_by_key(|page| page.name));
    assert_eq!(runbook("partner-5xx").map(|page| page.name), Some("partner-5xx"));
    assert_eq!(runbook("partner-99"), None);
}
