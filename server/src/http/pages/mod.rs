//! Pages for people, as Markdown or HTML: an alert, a partner, why a rule fired. Links of notifications lead
//! here.

pub(crate) mod alert;
pub(crate) mod partner;
pub(crate) mod rule;

use plimsoll_alerting::url_encoded;
use plimsoll_storage::Label;

/// Text within a page: nothing in it is read as Markdown or HTML, and it stays in one line.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(if letter.is_control() { ' ' } else { letter });
    }
    out
}

/// A row of a table of facts; none for an empty fact.
fn fact(name: &str, value: &str) -> Option<String> {
    (!value.is_empty()).then(|| format!("| {name} | {} |", text(value)))
}

/// A row of a table of facts with several lines.
fn facts(name: &str, values: &[String]) -> Option<String> {
    let lines: Vec<String> = values.iter().map(|value| text(value)).collect();
    (!lines.is_empty()).then(|| format!("| {name} | {} |", lines.join("<br>")))
}

/// A link; only the text when the address is not one of this server or a web address.
fn link(name: &str, address: &str) -> String {
    let is_safe = ["/", "https://", "http://"].iter().any(|start| address.starts_with(start));
    if is_safe && !address.contains(['<', '>', '\n']) {
        format!("[{}](<{address}>)", text(name))
    } else {
        text(name)
    }
}

/// The address of the page of a rule, for the group with some labels.
fn rule_address<'a>(
    rule: &str,
    labels: impl Iterator<Item = (Label, &'a str)>,
    at: &str,
) -> String {
    let labels: String = labels
        .map(|(label, value)| format!("&{}={}", label.as_str(), url_encoded(value)))
        .collect();
    format!("/rules/{}?at={}{labels}", url_encoded(rule), url_encoded(at))
}

#[cfg(test)]
mod tests;
