//! Alerts: acknowledgements, silences, releases, the rules file they come from, steps of the clock, and the
//! heartbeat; the pages that links of notifications open.

mod acknowledgement;
mod check;
mod clock;
mod gauges;
mod heartbeat;
mod pages;
mod releases;
mod reload;
mod runbooks;
mod schema;
mod silences;
mod silent;
mod simulate;
