//! Alerting over a real store and real sockets: evaluation, restarts, delivery.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

mod acknowledge;
mod broken;
mod clock;
mod delivery;
mod escalate;
mod evaluate;
mod explain;
mod history;
mod left_out;
mod muted;
mod replay;
mod signals;
mod silence;
mod steps;
mod world;
