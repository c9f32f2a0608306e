//! Alerting over a real store and real sockets: judging, restarts, delivery.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod deliver;
mod escalate;
mod explain;
mod judge;
mod mail;
mod mail_tls;
mod pagerduty_schema;
mod pages;
mod receiver;
mod replay;
mod signals;
mod silence;
mod storm;
mod trouble;
mod world;
