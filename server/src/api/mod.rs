//! The handlers, one file a resource.

pub(crate) mod alerts;
pub(crate) mod backups;
pub(crate) mod health;
pub(crate) mod labels;
pub(crate) mod partners;
pub(crate) mod push;
pub(crate) mod query;
pub(crate) mod rules;
pub(crate) mod runbooks;
