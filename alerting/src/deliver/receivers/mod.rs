//! The kinds of receivers, one file each: a kind builds the request and reads the answer.

pub(super) mod alertmanager;
pub(super) mod email;
pub(super) mod pagerduty;
pub(super) mod slack;
pub(super) mod webhook;

#[cfg(test)]
mod tests;
