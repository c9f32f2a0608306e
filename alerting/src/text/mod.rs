//! Plain texts: runbook pages, templates of messages, and the content of a notification as values.
//!
//! This room knows no rules and no alerts: the rules file is checked with its templates, and stored
//! deliveries hold its content.

pub(crate) mod content;
pub(crate) mod phrases;
pub(crate) mod runbook;
pub(crate) mod templates;
pub(crate) mod time;
