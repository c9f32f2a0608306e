//! Alerts: acknowledgements, silences, releases, and the rules file they come from.

mod acknowledgement;
mod check;
mod releases;
mod reload;
mod runbooks;
mod schema;
mod silences;
mod simulate;
