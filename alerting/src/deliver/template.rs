//! The longer texts of messages, by template. The texts are in `alerting/templates/`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use plimsoll_storage::TimestampMs;
use serde::Serialize;

use super::text;
use crate::delivery::{Action, Delivery};
use crate::limits::{LATE_PAGE_MS, TEMPLATE_FUEL_MAX};
use crate::words;

const SLACK: &str = include_str!("../../templates/slack.txt");
const EMAIL: &str = include_str!("../../templates/email.txt");

/// What a template can say: everything in words.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Words {
    summary: String,
    begins: bool,
    severity: String,
    rule: String,
    owner: String,
    labels: Vec<(String, String)>,
    /// Groups beside that of the alert that share the message, and how many more there are.
    others: Vec<String>,
    others_more: u32,
    value: String,
    lower: String,
    upper: Option<String>,
    threshold: String,
    basis: String,
    since: String,
    at: String,
    /// The trend as a line of bars, and in words; empty when it is not known.
    spark: String,
    trend: String,
    /// Events behind the alert, by their ids.
    examples: Vec<String>,
    dashboard: String,
    explain: String,
    /// Where the runbook is, or its name when it is served nowhere.
    runbook: String,
    steps: Vec<String>,
    contacts: Vec<String>,
    alert_id: String,
    /// By how much the message is late, when it is.
    late_by: Option<String>,
}

impl Words {
    /// The words for a delivery that is sent at `now`.
    pub(super) fn new(delivery: &Delivery, now: TimestampMs) -> Self {
        let (alert, page) = (&delivery.alert, &delivery.page);
        let evidence = &alert.latest;
        let value = |value: f64| words::value(alert.signal, value);
        let labels = alert.labels.iter();
        let late_ms = now.since_ms(delivery.late_from());
        Self {
            summary: text::summary(delivery),
            begins: delivery.action != Action::Resolve,
            severity: alert.severity.as_str().to_owned(),
            rule: alert.rule.clone(),
            owner: alert.owner.clone(),
            labels: labels.map(|(label, value)| (label.as_str().into(), value.into())).collect(),
            others: page.which.iter().skip(1).cloned().collect(),
            others_more: page.which_more,
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

    pub(super) fn summary(&self) -> &str {
        &self.summary
    }

    /// The words with every text of outside changed by `escape`.
    pub(super) fn map(self, escape: &dyn Fn(&str) -> String) -> Self {
        let all = |texts: &[String]| texts.iter().map(|text| escape(text)).collect();
        let labels = self.labels.iter().map(|(label, value)| (label.clone(), escape(value)));
        Self {
            summary: escape(&self.summary),
            rule: escape(&self.rule),
            owner: escape(&self.owner),
            labels: labels.collect(),
            others: all(&self.others),
            trend: escape(&self.trend),
            examples: all(&self.examples),
            dashboard: escape(&self.dashboard),
            explain: escape(&self.explain),
            runbook: escape(&self.runbook),
            steps: all(&self.steps),
            contacts: all(&self.contacts),
            ..self
        }
    }
}

/// The text of a Slack message.
pub(super) fn slack(words: &Words) -> String {
    render(SLACK, words)
}

/// The body of an e-mail.
pub(super) fn email(words: &Words) -> String {
    render(EMAIL, words)
}

/// A message must get out, whatever its template does: without its text it is the summary.
fn render(template: &str, words: &Words) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(TEMPLATE_FUEL_MAX));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    let rendered = syntax.and_then(|syntax| {
        environment.set_syntax(syntax);
        environment.render_str(template, Serde(words))
    });
    rendered.unwrap_or_else(|error| {
        tracing::error!(%error, "a template of messages cannot be used");
        words.summary.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{Links, Page};
    use crate::testing::{alert, delivery_of};
    use crate::trend::Trend;

    fn words(action: Action, late_ms: i64) -> Words {
        let at = alert().fired_at;
        let mut delivery = delivery_of(action, at, alert());
        delivery.page = Page {
            which: vec!["dhl".into(), "ups".into()],
            which_more: 3,
            trend: Trend { spark: "▁▂▇".into(), words: "1% → 12.5% in 30m".into() },
            examples: vec!["order_id O-1: 5xx after 2s".into()],
            links: Links { dashboard: "https://p.example/partners/dhl".into(), ..Links::default() },
            steps: vec!["Look at the dashboard.".into()],
            contacts: vec!["dhl: noc@dhl.example".into()],
            ..Page::default()
        };
        Words::new(&delivery, at.plus_ms(late_ms))
    }

    #[test]
    fn texts_say_what_is_known_of_the_alert() {
        let known = words(Action::Trigger, 0);
        for text in [email(&known), slack(&known)] {
            for part in [
                "dhl: 5xx+timeout share of requests 12.5% > 5% (320 items in 5m)",
                "12.5%, surely above 7% and below 20%",
                "ups and 3 more",
                "▁▂▇",
                "order_id O-1: 5xx after 2s",
                "https://p.example/partners/dhl",
                "https://runbooks.example/partner-5xx",
                "Look at the dashboard.",
                "noc@dhl.example",
                "integrations",
            ] {
                assert!(text.contains(part), "{part}:\n{text}");
            }
            assert!(!text.contains("late"), "{text}");
        }
        assert!(email(&words(Action::Trigger, 180_000)).contains("3m late"));
    }

    #[test]
    fn an_end_is_short() {
        let text = email(&words(Action::Resolve, 0));
        assert!(text.contains("is back to normal after 5m"), "{text}");
        assert!(!text.contains("surely"), "{text}");
    }

    #[test]
    fn a_template_that_never_ends_leaves_the_summary() {
        let words = words(Action::Trigger, 0);
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert_eq!(render(endless, &words), words.summary);
    }
}
