//! The phrases of a message: everything a template may use, as text.

use serde::Serialize;

/// What a template may use. The field names are the names in templates.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Phrases {
    pub(crate) summary: String,
    pub(crate) begins: bool,
    pub(crate) severity: String,
    pub(crate) rule: String,
    pub(crate) owner: String,
    /// The partner; empty when the alert is about none, or several.
    pub(crate) partner: String,
    pub(crate) labels: Vec<(String, String)>,
    /// Groups that share the notification, beside that of the alert, and how many more there are.
    pub(crate) others: Vec<String>,
    pub(crate) others_more: u32,
    pub(crate) what: String,
    pub(crate) value: String,
    pub(crate) lower: String,
    pub(crate) upper: Option<String>,
    pub(crate) threshold: String,
    pub(crate) basis: String,
    pub(crate) since: String,
    pub(crate) at: String,
    /// The trend as a sparkline, and as text; empty when it is not known.
    pub(crate) spark: String,
    pub(crate) trend: String,
    /// Exemplars: events behind the alert, by their ids.
    pub(crate) examples: Vec<String>,
    pub(crate) dashboard: String,
    pub(crate) explain: String,
    /// The address of the runbook, or its name when it has no address.
    pub(crate) runbook: String,
    pub(crate) steps: Vec<String>,
    pub(crate) contacts: Vec<String>,
    pub(crate) alert_id: String,
    /// The delay of the message, when it is late.
    pub(crate) late_by: Option<String>,
}

impl Phrases {
    /// The phrases with every value from outside changed by `escape`.
    pub(crate) fn map(self, escape: &dyn Fn(&str) -> String) -> Self {
        let all = |texts: &[String]| texts.iter().map(|text| escape(text)).collect();
        let labels = self.labels.iter().map(|(label, value)| (label.clone(), escape(value)));
        Self {
            summary: escape(&self.summary),
            rule: escape(&self.rule),
            owner: escape(&self.owner),
            partner: escape(&self.partner),
            labels: labels.collect(),
            others: all(&self.others),
            what: escape(&self.what),
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

    /// Sample phrases, for the trigger or the resolve of an alert.
    pub(crate) fn sample(begins: bool) -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            summary: text("dhl: 5xx share of requests 12.5% > 5%"),
            begins,
            severity: text("critical"),
            rule: text("partner-5xx"),
            owner: text("integrations"),
            partner: text("dhl"),
            labels: vec![(text("partner"), text("dhl"))],
            others: vec![text("ups"); 3],
            others_more: 1,
            what: text("5xx share of requests"),
            value: text("12.5%"),
            lower: text("7%"),
            upper: Some(text("20%")),
            threshold: text("5%"),
            basis: text("320 items in 5m"),
            since: text("2026-11-20T20:00:00Z"),
            at: text("2026-11-20T20:05:00Z"),
            spark: text("▁▂▇"),
            trend: text("1% → 12.5% within 15m"),
            examples: vec![text("order_id O-1: 5xx"); 3],
            dashboard: text("https://plimsoll.example/partners/dhl"),
            explain: text("https://plimsoll.example/api/v1/rules/partner-5xx/explain"),
            runbook: text("https://plimsoll.example/runbooks/partner-5xx"),
            steps: vec![text("Look at the dashboard."); 3],
            contacts: vec![text("dhl: noc@dhl.example"); 3],
            alert_id: text("01"),
            late_by: Some(text("3m")),
        }
    }

    /// The names that a template may use.
    pub(crate) fn names() -> Vec<String> {
        let sample = serde_json::to_value(Self::sample(true)).unwrap_or_default();
        sample.as_object().map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }
}
