//! The handlers, one file a resource.

pub(crate) mod alerts;
pub(crate) mod backtests;
mod backups;
mod call;
pub(crate) mod calls;
pub(crate) mod deliveries;
pub(crate) mod explain;
pub(crate) mod flow;
pub(crate) mod health;
pub(crate) mod labels;
mod markdown;
mod openapi;
mod parameter;
pub(crate) mod partners;
pub(crate) mod push;
pub(crate) mod query;
pub(crate) mod receivers;
pub(crate) mod reply;
pub(crate) mod reports;
pub(crate) mod rules;
pub(crate) mod runbooks;
pub(crate) mod silences;
