//! The harness of the end-to-end tests: they start the real binary and use its HTTP API.
//!
//! [`binary`] builds it, [`Server`] runs it, [`Api`] is its client, [`Recorder`] replaces PagerDuty and
//! other receivers, [`sample`] generates reproducible traffic.

pub mod api;
pub mod binary;
pub mod clock;
pub mod recorder;
pub mod sample;
pub mod server;

pub use api::{Answer, Api};
pub use clock::ManualClock;
pub use recorder::{Recorded, Recorder};
pub use server::Server;
