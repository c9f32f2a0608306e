//! Alerts and what belongs to them: rules, silences, receivers, deliveries, reports, runbooks.

pub(crate) mod alerts;
pub(crate) mod deliveries;
pub(crate) mod explain;
pub(crate) mod receivers;
pub(crate) mod reports;
pub(crate) mod rules;
pub(crate) mod runbooks;
pub(crate) mod silences;
