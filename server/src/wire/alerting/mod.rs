//! Alerts, rules, silences, deliveries and reports as JSON.

pub(crate) mod alert;
pub(crate) mod delivery;
pub(crate) mod explain;
pub(crate) mod noise;
pub(crate) mod silence;
