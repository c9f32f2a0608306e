//! Microsoft Teams, through a workflow that posts what its webhook receives:
//! <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>.
//! A message is an Adaptive Card, version 1.4: <https://adaptivecards.io/explorer/AdaptiveCard.html>.
//!
//! A message has about 28 KB at most: <https://learn.microsoft.com/en-us/connectors/teams/>. All text is in
//! `TextRun`s, which have no markup, so that no text can be a link or a mention.

use plimsoll_storage::TimestampMs;
use serde_json::{Value, json};

use crate::deliver::exchange::http::{Request, json as json_text};
use crate::deliver::receivers::HttpReceiver;
use crate::deliver::receivers::parts::{self, Mark, PLAIN, Parts};
use crate::records::delivery::Delivery;
use crate::rule::{MessageTemplates, TeamsTarget};

/// Bytes of a message. Teams counts what it makes of the card, and rejects it after the workflow has
/// answered. Some senders saw that from 21,000 bytes on.
pub(in crate::deliver::receivers) const TEAMS_BODY_BYTES_MAX: usize = 20_000;

impl HttpReceiver for TeamsTarget {
    fn request(
        &self,
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
    ) -> Request {
        let body = parts::fitting(
            delivery,
            |delivery| Parts::of(delivery, templates, now, &PLAIN),
            |parts| json_text(&message(parts)),
            |body| body.len() <= TEAMS_BODY_BYTES_MAX,
        );
        Request::post(self.url.expose().to_owned(), body)
    }
}

fn message(parts: &Parts) -> Value {
    json!({
        "type": "message",
        "summary": parts.summary,
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card(parts),
        }],
    })
}

fn card(parts: &Parts) -> Value {
    let mut body = Vec::new();
    let title = format!("{} {}", parts.mark.emoji(), parts.title);
    let color = match parts.mark {
        Mark::Critical => "attention",
        Mark::Warning => "warning",
        Mark::Resolved => "good",
    };
    if !parts.title.is_empty() {
        let run = json!({ "size": "large", "weight": "bolder", "color": color });
        body.push(line([(title.as_str(), run)]));
    }
    body.push(line([(parts.summary.as_str(), bold())]));
    if let Some(text) = &parts.body {
        body.extend(text.lines().map(|text| line([(text, json!({}))])));
    } else {
        body.extend(parts.facts.iter().flat_map(|(name, text)| fact(name, text)));
        if !parts.steps.is_empty() {
            body.push(line([("Do first", bold())]));
        }
        let steps = parts.numbered_steps();
        body.extend(steps.iter().map(|step| line([(step.as_str(), json!({}))])));
    }
    let small = json!({ "size": "small", "isSubtle": true });
    body.push(line([(parts.small_print.as_str(), small)]));
    // A block without text is no valid one.
    body.retain(|block| block["inlines"].as_array().is_some_and(|runs| !runs.is_empty()));
    let links = parts.links.iter();
    let actions =
        links.map(|(name, url)| json!({ "type": "Action.OpenUrl", "title": name, "url": url }));
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": parts.summary,
        "msteams": { "width": "Full" },
        "body": body,
        "actions": actions.collect::<Vec<_>>(),
    })
}

/// A fact, a block for each of its lines. The first has the name.
fn fact(name: &str, text: &str) -> Vec<Value> {
    let named = format!("{name}: ");
    let lines = text.lines().enumerate();
    let block = |(position, text)| match position {
        0 => line([(named.as_str(), bold()), (text, json!({}))]),
        _ => line([(text, json!({}))]),
    };
    lines.map(block).collect()
}

/// A line of texts, each with its form.
fn line<const N: usize>(runs: [(&str, Value); N]) -> Value {
    let runs = runs.into_iter().filter(|(text, _)| !text.trim().is_empty());
    let run = |(text, mut run): (&str, Value)| {
        run["type"] = json!("TextRun");
        run["text"] = json!(text);
        run
    };
    json!({ "type": "RichTextBlock", "inlines": runs.map(run).collect::<Vec<_>>() })
}

fn bold() -> Value {
    json!({ "weight": "bolder" })
}

#[cfg(test)]
mod tests;
