//! Renders the texts of messages: with the templates of the receiver where the rules file has some, else
//! with a default template.

use plimsoll_storage::TimestampMs;

use super::summary;
use super::units;
use crate::limits::{LATE_PAGE_MS, MESSAGE_BYTES_MAX};
use crate::records::delivery::{Action, Delivery};
use crate::rule::MessageTemplates;
use crate::text::phrases::Phrases;
use crate::text::templates;

/// The texts of a message.
#[derive(Debug, Clone)]
pub(crate) struct RenderedMessage {
    phrases: Phrases,
    subject: String,
    body: Option<String>,
}

impl RenderedMessage {
    /// Renders a delivery that is sent at `now`.
    pub(crate) fn new(delivery: &Delivery, templates: &MessageTemplates, now: TimestampMs) -> Self {
        Self::escaped(delivery, templates, now, &str::to_owned)
    }

    /// The same with every value from outside changed by `escape`. A notice, such as a test, does not use
    /// the templates of the receiver.
    pub(crate) fn escaped(
        delivery: &Delivery,
        templates: &MessageTemplates,
        now: TimestampMs,
        escape: &dyn Fn(&str) -> String,
    ) -> Self {
        let mut phrases = phrases_of(delivery, now).map(escape);
        let mut subject = escape(&summary::subject(delivery));
        if delivery.alert.is_notice() {
            return Self { phrases, subject, body: None };
        }
        if let Some(summary) = custom("summary", templates.summary.as_deref(), delivery, &phrases) {
            // The summary is one line.
            phrases.summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
            subject.clone_from(&phrases.summary);
        }
        let body = custom("body", templates.body.as_deref(), delivery, &phrases);
        Self { phrases, subject, body }
    }

    /// The one line.
    pub(crate) fn summary(&self) -> &str {
        &self.phrases.summary
    }

    /// The one line without what to do first, for a title.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// How late the message is, and why; `None` when it is not.
    pub(crate) fn late(&self) -> Option<String> {
        let by = self.phrases.late_by.as_ref()?;
        let because = &self.phrases.late_because;
        Some(if because.is_empty() { by.clone() } else { format!("{by}: {because}") })
    }

    /// Everything a template may use.
    pub(crate) const fn phrases(&self) -> &Phrases {
        &self.phrases
    }

    /// The longer text, when the receiver has a template for it.
    pub(crate) fn custom_body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The longer text: by the receiver's template or by the default one. A message is sent even when
    /// its template fails: its text is the summary then.
    pub(crate) fn body(&self, default_template: &str) -> String {
        // The caller checks the length.
        let rendered = || templates::render(default_template, &self.phrases, usize::MAX);
        self.body.clone().map_or_else(rendered, Ok).unwrap_or_else(|error| {
            tracing::error!(%error, "a template of messages cannot be used");
            self.phrases.summary.clone()
        })
    }
}

/// A text by the receiver's template; `None` when there is none or it cannot be rendered.
fn custom(
    field: &str,
    template: Option<&str>,
    delivery: &Delivery,
    phrases: &Phrases,
) -> Option<String> {
    let rendered = templates::render(template?, phrases, MESSAGE_BYTES_MAX);
    let text = rendered.inspect_err(|error| {
        let receiver = &delivery.receiver;
        tracing::error!(%error, receiver, field, "a template cannot be rendered; the default text is sent");
    });
    text.ok().filter(|text| !text.trim().is_empty())
}

/// The phrases of a delivery that is sent at `now`.
fn phrases_of(delivery: &Delivery, now: TimestampMs) -> Phrases {
    let (alert, content) = (&delivery.alert, &delivery.content);
    let evidence = &alert.latest;
    let value = |value: f64| units::value(alert.signal, value);
    let labels = alert.labels.iter();
    let late_ms = now.since_ms(delivery.late_from());
    Phrases {
        summary: summary::summary(delivery),
        begins: delivery.action != Action::Resolve,
        severity: alert.severity.as_str().to_owned(),
        rule: alert.rule.clone(),
        owner: alert.owner.clone(),
        partner: summary::partner(alert).unwrap_or_default().to_owned(),
        labels: labels.map(|(label, value)| (label.as_str().into(), value.into())).collect(),
        others: content.which.iter().skip(1).cloned().collect(),
        others_more: content.which_more,
        what: alert.symptom.clone(),
        place: content.place.clone(),
        how_bad: content.how_bad.clone(),
        ended: content.ended.clone(),
        value: value(evidence.value),
        lower: value(evidence.lower),
        upper: evidence.upper.is_finite().then(|| value(evidence.upper)),
        threshold: value(evidence.threshold),
        basis: content.basis.clone(),
        since: units::rfc3339(TimestampMs(content.onset_ms)),
        fired: units::rfc3339(alert.fired_at),
        at: units::rfc3339(delivery.at),
        spark: content.trend.spark.clone(),
        bars: super::trend::heights(&content.trend.spark),
        trend: content.trend.text.clone(),
        examples: content.exemplars.clone(),
        dashboard: content.links.dashboard.clone(),
        explain: content.links.explain.clone(),
        runbook: content.links.runbook.clone().unwrap_or_else(|| alert.runbook.clone()),
        runbook_url: content.links.runbook.clone().unwrap_or_default(),
        steps: content.steps.clone(),
        contacts: content.contacts.clone(),
        notified: content.notified.clone(),
        alert_id: alert.id.clone(),
        late_by: (late_ms > LATE_PAGE_MS).then(|| units::duration(late_ms)),
        late_because: content.muted_by.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
