//! What a receiver gets for a delivery, without its secrets: for previews, drills and the documentation.

use plimsoll_storage::TimestampMs;

use super::receivers::{self, Channel, Mail};
use crate::records::delivery::Delivery;
use crate::rule::{Receiver, Secret};

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
                bodies: vec![("application/json", hidden.body)],
            }
        }
        (Channel::Mail(target), _) | (_, Channel::Mail(target)) => {
            let mail = Mail::new(delivery, templates, now);
            let headers = mail.headers(target);
            let html = mail.html.map(|html| ("text/html", html));
            let text = std::iter::once(("text/plain", mail.text));
            ShownMessage {
                to: format!("smtp://{}:{}", target.host, target.port),
                headers,
                bodies: text.chain(html).collect(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
