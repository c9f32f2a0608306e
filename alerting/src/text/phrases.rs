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
    /// The parts of the group that have the fault, a line for each label.
    pub(crate) place: Vec<String>,
    /// The value with its bounds, the number of items and the threshold.
    pub(crate) how_bad: String,
    /// How it ended; empty while it is open.
    pub(crate) ended: String,
    pub(crate) value: String,
    pub(crate) lower: String,
    pub(crate) upper: Option<String>,
    pub(crate) threshold: String,
    pub(crate) basis: String,
    /// When the fault began.
    pub(crate) since: String,
    pub(crate) fired: String,
    pub(crate) at: String,
    /// The trend as a sparkline, and as text; empty when it is not known.
    pub(crate) spark: String,
    /// The heights of its steps, from 5 to 40; 0 without data.
    pub(crate) bars: Vec<u8>,
    pub(crate) trend: String,
    /// Exemplars: events behind the alert, by their ids.
    pub(crate) examples: Vec<String>,
    pub(crate) dashboard: String,
    pub(crate) explain: String,
    /// The address of the runbook, or its name when it has no address.
    pub(crate) runbook: String,
    /// The address of the runbook; empty when it has none.
    pub(crate) runbook_url: String,
    pub(crate) steps: Vec<String>,
    pub(crate) contacts: Vec<String>,
    /// Receivers that were notified.
    pub(crate) notified: Vec<String>,
    pub(crate) alert_id: String,
    /// The delay of the message, when it is late.
    pub(crate) late_by: Option<String>,
    /// Why it is late; empty when only its delivery was.
    pub(crate) late_because: String,
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
            place: all(&self.place),
            how_bad: escape(&self.how_bad),
            ended: escape(&self.ended),
            trend: escape(&self.trend),
            examples: all(&self.examples),
            dashboard: escape(&self.dashboard),
            explain: escape(&self.explain),
            runbook: escape(&self.runbook),
            runbook_url: escape(&self.runbook_url),
            steps: all(&self.steps),
            contacts: all(&self.contacts),
            notified: all(&self.notified),
            late_because: escape(&self.late_because),
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
            place: vec![
                text("operation create_label: 31% (41 of 132); elsewhere 0.2% (1 of 600)");
                2
            ],
            how_bad: text("12.5% of 320 items in 5m, surely above 7%; critical from 5% on"),
            ended: text(if begins {
                ""
            } else {
                "back to normal after 42m (worst 41%; 412 of 3,120 in 42m)"
            }),
            value: text("12.5%"),
            lower: text("7%"),
            upper: Some(text("20%")),
            threshold: text("5%"),
            basis: text("320 items in 5m"),
            since: text("2026-11-20T20:00:00Z"),
            fired: text("2026-11-20T20:05:00Z"),
            at: text("2026-11-20T20:05:00Z"),
            spark: text("▁▂▇"),
            bars: vec![5, 10, 35],
            trend: text("1% → 12.5% within 15m"),
            examples: vec![text("order_id O-1: 5xx"); 3],
            dashboard: text("https://plimsoll.example/partners/dhl"),
            explain: text("https://plimsoll.example/api/v1/rules/partner-5xx/explain"),
            runbook: text("https://plimsoll.example/runbooks/partner-5xx"),
            runbook_url: text("https://plimsoll.example/runbooks/partner-5xx"),
            steps: vec![text("Look at the dashboard."); 3],
            contacts: vec![text("dhl: noc@dhl.example"); 3],
            notified: vec![text("oncall")],
            alert_id: text("01"),
            late_by: Some(text("3m")),
            late_because: text("it was silenced"),
        }
    }

    /// The names that a template may use.
    pub(crate) fn names() -> Vec<String> {
        let sample = serde_json::to_value(Self::sample(true)).unwrap_or_default();
        sample.as_object().map(|names| names.keys().cloned().collect()).unwrap_or_default()
    }
}
