//! The texts of messages: by the receiver's own templates where the rules file has some, else by those in
//! `alerting/templates/`.

use plimsoll_storage::TimestampMs;

use super::{fit, text};
use crate::limits::{LATE_PAGE_MS, MESSAGE_BYTES_MAX};
use crate::records::delivery::{Action, Delivery};
use crate::rule::MessageTemplates;
use crate::wording::{self, Words};
use crate::words;

/// Bytes of a mail's body: more is not read at night.
pub(super) const EMAIL_BODY_BYTES_MAX: usize = 64 << 10;

/// The usual text of a Slack message.
pub(super) const SLACK: &str = include_str!("../../templates/slack.txt");
/// The usual body of an e-mail.
const EMAIL: &str = include_str!("../../templates/email.txt");

/// What a message says.
#[derive(Debug, Clone)]
pub(super) struct Saying {
    words: Words,
    body: Option<String>,
}

impl Saying {
    /// What a delivery that is sent at `now` says to a receiver with texts of its own or none.
    pub(super) fn new(delivery: &Delivery, texts: &MessageTemplates, now: TimestampMs) -> Self {
        Self::escaped(delivery, texts, now, &str::to_owned)
    }

    /// The same with everything from outside changed by `escape`. A notice, such as a test, says
    /// what it is, not what a template makes of it.
    pub(super) fn escaped(
        delivery: &Delivery,
        texts: &MessageTemplates,
        now: TimestampMs,
        escape: &dyn Fn(&str) -> String,
    ) -> Self {
        let mut words = words_of(delivery, now).map(escape);
        if delivery.alert.is_notice() {
            return Self { words, body: None };
        }
        if let Some(summary) = own("summary", texts.summary.as_deref(), delivery, &words) {
            // Line ends have no place in a line.
            words.summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        let body = own("body", texts.body.as_deref(), delivery, &words);
        Self { words, body }
    }

    /// The one line.
    pub(super) fn summary(&self) -> &str {
        &self.words.summary
    }

    /// The longer text, when the receiver has one of its own.
    pub(super) fn own_body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The longer text: the receiver's own or the usual one. A message must get out, whatever its
    /// template does: without its text it is the summary.
    pub(super) fn body(&self, usual: &str) -> String {
        // Whoever sends it looks how long it is.
        let rendered = || wording::render(usual, &self.words, usize::MAX);
        self.body.clone().map_or_else(rendered, Ok).unwrap_or_else(|error| {
            tracing::error!(%error, "a template of messages cannot be used");
            self.words.summary.clone()
        })
    }
}

/// The body of an e-mail.
pub(super) fn email(delivery: &Delivery, texts: &MessageTemplates, now: TimestampMs) -> String {
    fit::fitting(
        delivery,
        |delivery| Saying::new(delivery, texts, now).body(EMAIL),
        |body| body.len() <= EMAIL_BODY_BYTES_MAX,
    )
}

/// A text by the receiver's own template; `None` when it has none or it cannot be filled in.
fn own(field: &str, template: Option<&str>, delivery: &Delivery, words: &Words) -> Option<String> {
    let rendered = wording::render(template?, words, MESSAGE_BYTES_MAX);
    let text = rendered.inspect_err(|error| {
        let receiver = &delivery.receiver;
        tracing::error!(%error, receiver, field, "a template cannot be filled in; the usual text is sent");
    });
    text.ok().filter(|text| !text.trim().is_empty())
}

/// The words for a delivery that is sent at `now`.
fn words_of(delivery: &Delivery, now: TimestampMs) -> Words {
    let (alert, page) = (&delivery.alert, &delivery.page);
    let evidence = &alert.latest;
    let value = |value: f64| words::value(alert.signal, value);
    let labels = alert.labels.iter();
    let late_ms = now.since_ms(delivery.late_from());
    Words {
        summary: text::summary(delivery),
        begins: delivery.action != Action::Resolve,
        severity: alert.severity.as_str().to_owned(),
        rule: alert.rule.clone(),
        owner: alert.owner.clone(),
        partner: text::partner(alert).unwrap_or_default().to_owned(),
        labels: labels.map(|(label, value)| (label.as_str().into(), value.into())).collect(),
        others: page.which.iter().skip(1).cloned().collect(),
        others_more: page.which_more,
        what: alert.symptom.clone(),
        value: value(evidence.value),
        lower: value(evidence.lower),
        upper: evidence.upper.is_finite().then(|| value(evidence.upper)),
        threshold: value(evidence.threshold),
        basis: page.basis.clone(),
        since: words::moment(alert.pending_at),
        at: words::moment(delivery.at),
        spark: page.trend.spark.clone(),
        trend: page.trend.words.clone(),
        examples: page.examples.clone(),
        dashboard: page.links.dashboard.clone(),
        explain: page.links.explain.clone(),
        runbook: page.links.runbook.clone().unwrap_or_else(|| alert.runbook.clone()),
        steps: page.steps.clone(),
        contacts: page.contacts.clone(),
        alert_id: alert.id.clone(),
        late_by: (late_ms > LATE_PAGE_MS).then(|| words::duration(late_ms)),
    }
}

#[cfg(test)]
mod tests;
