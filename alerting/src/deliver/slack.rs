//! Slack incoming webhooks: <https://api.slack.com/messaging/webhooks>.

use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::fit;
use super::http::{Answer, Request};
use super::template::{SLACK, Saying};
use super::verdict::{self, Verdict};
use crate::delivery::{Action, Delivery};
use crate::evidence::Severity;
use crate::limits::{SLACK_FALLBACK_CHARS_MAX, SLACK_SECTION_CHARS_MAX};
use crate::rule::Texts;

#[derive(Serialize)]
struct Message {
    /// What notifications show, and clients that know no blocks.
    text: String,
    blocks: [Block; 1],
}

#[derive(Serialize)]
struct Block {
    r#type: &'static str,
    text: Text,
}

#[derive(Serialize)]
struct Text {
    r#type: &'static str,
    text: String,
}

/// The request for a delivery that is sent at `now`.
pub(super) fn request(url: &str, delivery: &Delivery, texts: &Texts, now: TimestampMs) -> Request {
    let saying = |delivery: &Delivery| Saying::escaped(delivery, texts, now, &escaped);
    let mark = match (delivery.action, delivery.alert.severity) {
        (Action::Resolve, _) => ":large_green_circle:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":large_yellow_circle:",
    };
    let title = format!("{mark} {}", saying(delivery).summary());
    let text = fit::fitting(
        delivery,
        |delivery| format!("{mark} {}", saying(delivery).body(SLACK)),
        |text| text.chars().count() <= SLACK_SECTION_CHARS_MAX,
    );
    let section = Text { r#type: "mrkdwn", text: cut(&text, SLACK_SECTION_CHARS_MAX) };
    let message = Message {
        text: cut(&title, SLACK_FALLBACK_CHARS_MAX),
        blocks: [Block { r#type: "section", text: section }],
    };
    Request { url: url.to_owned(), headers: Vec::new(), body: super::json(&message) }
}

/// Slack reads `<…>` as links, mentions and commands: `<!channel>` would wake everyone.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// What the answer means. A 4xx is a word such as `invalid_payload` or `no_service`, and final; 410
/// says that the channel is archived.
pub(super) fn classify(answer: &Answer) -> Verdict {
    match answer.status {
        410 => Verdict::Gone { reason: verdict::reason(answer) },
        _ => verdict::of_answer(answer),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::testing::{alert, delivery_of};

    fn body(action: Action, symptom: &str) -> Value {
        let mut alert = alert();
        alert.symptom = symptom.to_owned();
        let at = alert.fired_at;
        let delivery = delivery_of(action, at, alert);
        let url = "https://hooks.slack.com/services/T/B/x";
        let request = request(url, &delivery, &Texts::default(), at);
        serde_json::from_str(&request.body).unwrap()
    }

    #[test]
    fn a_message_has_a_fallback_and_nothing_that_slack_would_act_on() {
        let body = body(Action::Trigger, "5xx & <!channel> share");
        let (fallback, section) = (body["text"].as_str().unwrap(), &body["blocks"][0]["text"]);
        assert!(
            fallback.starts_with(":red_circle: dhl: 5xx &amp; &lt;!channel&gt; share 12.5%"),
            "{fallback}"
        );
        assert_eq!(section["type"], "mrkdwn");
        let text = section["text"].as_str().unwrap();
        assert!(!text.contains('<'), "{text}");
    }

    #[test]
    fn texts_are_cut_at_their_limits() {
        let body = body(Action::Resolve, &"ü".repeat(9_000));
        let chars = |text: &Value| text.as_str().unwrap().chars().count();
        assert!(chars(&body["blocks"][0]["text"]["text"]) <= SLACK_SECTION_CHARS_MAX);
        assert_eq!(chars(&body["text"]), SLACK_FALLBACK_CHARS_MAX);
    }

    #[test]
    fn its_words_of_refusal_are_final() {
        let verdict = |status, body: &str| {
            classify(&Answer { status, retry_after_ms: Some(1_000), body: body.into() })
        };
        assert_eq!(verdict(200, "ok"), Verdict::Delivered);
        for (status, word) in
            [(400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service")]
        {
            assert_eq!(
                verdict(status, word),
                Verdict::Refused { reason: format!("answered {status}: {word}") }
            );
        }
        assert!(matches!(verdict(410, "channel_is_archived"), Verdict::Gone { .. }));
        assert!(matches!(verdict(429, ""), Verdict::Throttled { after_ms: Some(1_000), .. }));
    }
}
