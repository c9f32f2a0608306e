//! Words: the vocabulary of docs/glossary.md. A banned word is named with its replacement.

use std::sync::LazyLock;

use regex::Regex;

use super::Violation;
use crate::source::Sources;
use crate::syntax;

/// Words that stand nowhere, not even in texts.
static NOWHERE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(told|tells|telling|lets? go of|settles?|speaks|voice)\b")
        .unwrap_or_else(|error| unreachable!("the pattern is constant: {error}"))
});

/// Banned parts of identifiers and words of docs, each with what to say instead.
const INSTEAD: &[(&str, &str)] = &[
    ("tell", "notify, encode or select"),
    ("told", "notified, encoded or selected"),
    ("teller", "notifier"),
    ("heard", "input or acknowledged"),
    ("hears", "receives"),
    ("pager", "grouping"),
    ("paged", "notified"),
    ("judge", "evaluate"),
    ("judged", "evaluated"),
    ("judges", "evaluates"),
    ("judgement", "evaluation"),
    ("judgements", "evaluations"),
    ("judging", "evaluating"),
    ("verdict", "evaluation, result or outcome"),
    ("verdicts", "evaluations, results or outcomes"),
    ("suppressor", "muted_by"),
    ("suppressors", "muted_by"),
    ("resident", "cached"),
    ("residents", "cached parts"),
    ("ageing", "downsampling"),
    ("aged", "downsampled"),
    ("folded", "compacted, aggregated or grouped"),
    ("refusal", "rejected item or error"),
    ("refusals", "rejected items or errors"),
    ("ordinary", "expected or usual"),
    ("desk", "control"),
    ("courier", "sender"),
    ("voice", "mute"),
];

/// The page that lists the banned words.
const GLOSSARY: &str = "docs/glossary.md";

pub(super) fn check(sources: &Sources, found: &mut Vec<Violation>) {
    let is_exempt = |path: &str| path == GLOSSARY || path.starts_with("tests/tidy/");
    let texts = sources.rust.iter().map(|file| (&file.path, &file.text));
    let texts = texts.chain(sources.markdown.iter().map(|file| (&file.path, &file.text)));
    for (path, text) in texts.filter(|(path, _)| !is_exempt(path)) {
        for (position, line) in text.lines().enumerate() {
            if let Some(word) = NOWHERE.find(line) {
                let detail =
                    format!("`{}` is not a word of this house: see {GLOSSARY}", word.as_str());
                let (path, line) = (path.clone(), position + 1);
                found.push(Violation { rule: "words", path, line, detail });
            }
        }
    }
    for file in sources.rust.iter().filter(|file| !is_exempt(&file.path)) {
        for (name, line) in syntax::identifiers(&file.text) {
            report(&file.path, line, &parts(&name), &format!("in `{name}`"), found);
        }
        let docs = |line: &&str| line.trim_start().starts_with("//");
        for (position, line) in file.text.lines().enumerate().filter(|(_, line)| docs(line)) {
            report(&file.path, position + 1, &prose(line), "in a comment", found);
        }
    }
    for file in sources.markdown.iter().filter(|file| !is_exempt(&file.path)) {
        let mut is_code = false;
        for (position, line) in file.text.lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            if !is_code {
                report(&file.path, position + 1, &prose(line), "in the text", found);
            }
        }
    }
}

fn report(path: &str, line: usize, words: &[String], place: &str, found: &mut Vec<Violation>) {
    for word in words {
        if let Some((banned, instead)) = INSTEAD.iter().find(|(banned, _)| banned == word) {
            let detail = format!("`{banned}` {place}: say {instead}");
            found.push(Violation { rule: "words", path: path.to_owned(), line, detail });
        }
    }
}

/// The words of a line, without what is between back-ticks.
fn prose(line: &str) -> Vec<String> {
    let plain: Vec<&str> = line.split('`').step_by(2).collect();
    let words = plain.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphabetic()));
    words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// The words an identifier is made of, in lower case.
fn parts(name: &str) -> Vec<String> {
    // The name of a product is one word.
    let name = name.replace("PagerDuty", "Pagerduty");
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let is_border = c == '_' || c.is_ascii_uppercase() && was_lower;
        if is_border {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| c != '_') {
            part.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase();
    }
    parts
}
