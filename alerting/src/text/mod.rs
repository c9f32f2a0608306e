//! Plain texts: runbook pages, templates of messages, the content of a notification as values, and the
//! readers of times, durations, sizes and JSON that every setting, parameter, file and body uses.
//!
//! This room knows no rules and no alerts: the rules file is checked with its templates, and stored
//! deliveries hold its content.

pub(crate) mod content;
pub(crate) mod excerpt;
pub(crate) mod json;
pub(crate) mod nearest;
pub(crate) mod phrases;
pub(crate) mod quantity;
pub(crate) mod runbook;
pub(crate) mod templates;
pub(crate) mod time;
