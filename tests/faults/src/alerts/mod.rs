//! Crash tests of alerting: after any crash the receivers get what they get in a run without faults.
//!
//! A `scenario` says what happens in which slot. `run` does it on a store, with evaluation and
//! delivery to a `receiver`. A `campaign` crashes a recorded run at any point, lets it go on from what
//! is left, and compares what was received before and after with what is expected (`history`).

mod campaign;
mod history;
mod receiver;
mod recording;
mod run;
mod scenario;

pub use campaign::Campaign;
pub use receiver::Receiver;
pub use recording::{Driver, drive};
pub use scenario::Scenario;
