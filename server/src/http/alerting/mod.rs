//! Alerts and what belongs to them: rules, silences, receivers, deliveries, reports, runbooks.

pub(crate) mod alerts;
pub(crate) mod deliveries;
pub(crate) mod explain;
pub(crate) mod receivers;
pub(crate) mod reports;
pub(crate) mod rules;
pub(crate) mod runbooks;
pub(crate) mod silences;
pub(crate) mod webhooks;

use plimsoll_alerting::{AlertFilter, SANDBOX};
use plimsoll_storage::Label;

use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::declare::{Query, WithDefault};
use crate::http::params::kind::{Integer, Text};

/// The labels of an alert, as plain values.
const ALERT_LABELS: [Query<Text>; Label::COUNT] = [
    Query::new("partner", Text, "dhl", "The label of the alert."),
    Query::new("operation", Text, "create_label", "The label of the alert."),
    Query::new(
        "environment",
        Text,
        "production",
        "The label of the alert. Only `sandbox` shows what is of a drill.",
    ),
    Query::new("site", Text, "ams1", "The label of the alert."),
    Query::new("release", Text, "2.4.1", "The label of the alert."),
];

/// The length of a list.
const LIMIT: WithDefault<Integer> =
    Query::new("limit", Integer(1, 1_000), "100", "How many, at most.").or(100);

/// Alerts to show, without those of the sandbox unless the labels name it.
fn shown(open: Option<bool>, rule: Option<String>, labels: Vec<(Label, String)>) -> AlertFilter {
    let names_sandbox =
        |(label, value): &(Label, String)| *label == Label::Environment && value == SANDBOX;
    let outside_sandbox = !labels.iter().any(names_sandbox);
    AlertFilter { open, rule, labels, outside_sandbox }
}

/// Reads [`ALERT_LABELS`].
fn alert_labels(params: &mut Params) -> Result<Vec<(Label, String)>, ApiError> {
    let mut labels = Vec::new();
    for (label, parameter) in Label::ALL.into_iter().zip(&ALERT_LABELS) {
        labels.extend(params.read(parameter)?.map(|value| (label, value)));
    }
    Ok(labels)
}
