//! Alerts: acknowledgements, silences, releases, the rules file they come from, steps of the clock, and the
//! heartbeat.

mod acknowledgement;
mod check;
mod clock;
mod heartbeat;
mod releases;
mod reload;
mod runbooks;
mod schema;
mod silences;
mod simulate;
