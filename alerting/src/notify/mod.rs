//! Notification: who is notified of what. This is decided in one place, [`decide`](decide::decide), for
//! live evaluation, replay and explanation.
//!
//! Everything here is pure: rules, silences, acknowledgements, the evaluations of a slot and the state of
//! notification go in as plain values; notifications, changed statuses and the new state come out.
//! Nothing reads a store or a clock.

pub(crate) mod decide;
mod due;
mod escalate;
pub(crate) mod event;
pub(crate) mod grouping;
pub(crate) mod mute;
pub(crate) mod open;
pub(crate) mod release;
pub(crate) mod reminder;
