//! What a receiver gets for a delivery, without its secrets: for previews, drills and the documentation.

use std::collections::BTreeSet;
use std::fmt;

use plimsoll_storage::{Label, Store, TimestampMs};

use super::receivers::{self, Channel, Mail};
use crate::labels::GroupLabels;
use crate::message::content::{ContentSource, compose, find};
use crate::records::alerts::Alert;
use crate::records::delivery::{Action, Delivery, NotificationRecord};
use crate::replay::ReplayedAlert;
use crate::rule::{Receiver, RuleSet, Secret};
use crate::text::content::Content;

const JSON: &str = "application/json";
const HTML: &str = "text/html";
/// Stands for a secret.
const HIDDEN: &str = "***";

/// A message as its receiver gets it, without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownMessage {
    /// The address it is sent to: a URL, or the mail server.
    pub to: String,
    /// Headers of the request or of the mail.
    pub headers: Vec<(&'static str, String)>,
    /// The media type of each form of the body, and the form: a mail has text and HTML.
    pub bodies: Vec<(&'static str, String)>,
}

impl ShownMessage {
    /// The paths that the message links to at a server whose links begin with `base_url`, each once.
    #[must_use]
    pub fn paths(&self, base_url: &str) -> BTreeSet<String> {
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '|' | ')' | '\\');
        let bodies = self.bodies.iter().filter(|(media_type, _)| *media_type != HTML);
        let links = bodies.flat_map(|(_, body)| body.split(base_url).skip(1));
        let paths = links.map(|rest| rest.split(is_end).next().unwrap_or_default());
        let paths = paths.filter(|path| path.starts_with('/'));
        paths.map(|path| path.replace("&amp;", "&")).collect()
    }
}

/// What a receiver would get of an alert on record, were it notified at `at`. Links begin with `base_url`.
#[must_use]
pub fn delivery_of(
    (store, rules): (&Store, &RuleSet),
    alert: &Alert,
    receiver: &Receiver,
    base_url: &str,
    at: TimestampMs,
) -> Delivery {
    let source = ContentSource { rules, base_url, sharing: BTreeSet::new(), at };
    let content = compose(alert, &source, find(store, alert, &source));
    addressed(alert.clone(), content, receiver, at)
}

/// The trigger that a receiver would get of an alert of a drill, when it fired. `None` when the rules do not
/// have its rule. Of several drills with the same labels, only the data of one release counts.
#[must_use]
pub fn delivery_of_drill(
    (store, rules): (&Store, &RuleSet),
    replayed: &ReplayedAlert,
    release: &str,
    receiver: &Receiver,
    base_url: &str,
) -> Option<Delivery> {
    let alert = replayed.as_open(rules.rule(&replayed.rule)?);
    let labels = alert.labels.iter().map(|(label, value)| (label, value.to_owned()));
    let labels = labels.chain([(Label::Release, release.to_owned())]);
    let within = Alert { labels: GroupLabels::new(labels), ..alert.clone() };
    let at = alert.fired_at;
    let source = ContentSource { rules, base_url, sharing: BTreeSet::new(), at };
    let content = compose(&alert, &source, find(store, &within, &source));
    Some(addressed(alert, content, receiver, at))
}

fn addressed(alert: Alert, content: Content, receiver: &Receiver, at: TimestampMs) -> Delivery {
    let action = if alert.is_open() { Action::Trigger } else { Action::Resolve };
    let group = alert.labels.title();
    let record = NotificationRecord { action, at, group, alert, content };
    Delivery::new(receiver.name.clone(), receiver.fingerprint(), record)
}

/// Shows what a receiver gets for a delivery that is sent at `now`. Nothing is sent.
#[must_use]
pub fn show(receiver: &Receiver, delivery: &Delivery, now: TimestampMs) -> ShownMessage {
    let templates = &receiver.templates;
    // A secret may be escaped in a body, so it is not searched for: the message is built without it.
    let hidden = receiver.target.map_secrets(&mut |_: &Secret| Some(Secret::new(HIDDEN)));
    // Every secret has a replacement.
    let Some(hidden) = hidden else { return ShownMessage::default() };
    match (receivers::channel(&receiver.target), receivers::channel(&hidden)) {
        (Channel::Http(sent), Channel::Http(hidden)) => {
            let sent = sent.request(delivery, templates, now);
            let hidden = hidden.request(delivery, templates, now);
            // A header that depends on a secret, such as a signature.
            let shown = |(name, value): (&'static str, String)| {
                let is_same = hidden.headers.iter().any(|it| *it == (name, value.clone()));
                (name, if is_same { value } else { HIDDEN.to_owned() })
            };
            ShownMessage {
                to: hidden.url.clone(),
                headers: sent.headers.into_iter().map(shown).collect(),
                bodies: vec![(JSON, hidden.body)],
            }
        }
        (Channel::Mail(target), _) | (_, Channel::Mail(target)) => {
            let mail = Mail::new(delivery, templates, now);
            let headers = mail.headers(target);
            let html = mail.html.map(|html| (HTML, html));
            let text = std::iter::once(("text/plain", mail.text));
            ShownMessage {
                to: format!("smtp://{}:{}", target.host, target.port),
                headers,
                bodies: text.chain(html).collect(),
            }
        }
    }
}

/// For people: the address, the headers, and each form of the body.
impl fmt::Display for ShownMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "to: {}", self.to)?;
        self.headers.iter().try_for_each(|(name, value)| writeln!(f, "{name}: {value}"))?;
        for (media_type, body) in &self.bodies {
            let is_json = *media_type == JSON;
            let body = if is_json { indented(body) } else { body.clone() };
            writeln!(f, "content-type: {media_type}\n\n{}", body.trim_end())?;
        }
        Ok(())
    }
}

/// JSON on several lines, its fields in the same order.
fn indented(json: &str) -> String {
    let (mut out, mut depth, mut is_text, mut is_escaped) = (String::new(), 0_usize, false, false);
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if is_text {
            is_text = is_escaped || c != '"';
            is_escaped = c == '\\' && !is_escaped;
        } else if c == '"' {
            is_text = true;
        }
        if is_text {
            continue;
        }
        let is_begin = matches!(c, '{' | '[');
        let is_before_end = matches!(chars.peek(), Some('}' | ']'));
        match (is_begin, is_before_end) {
            (true, true) => continue,
            (true, false) => depth += 1,
            (false, true) => depth = depth.saturating_sub(1),
            (false, false) if c == ':' => out.push(' '),
            (false, false) if c != ',' => continue,
            (false, false) => {}
        }
        if c != ':' {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
    }
    out
}

#[cfg(test)]
mod tests;
