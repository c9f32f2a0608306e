//! The harness of the end-to-end tests: they start the real binary and talk to it over HTTP.
//!
//! [`binary`] builds it, [`Server`] runs it, [`Api`] asks it, [`Recorder`] stands in for PagerDuty and
//! other receivers, [`sample`] makes traffic that is the same in every run.

pub mod api;
pub mod binary;
pub mod clock;
pub mod recorder;
pub mod sample;
pub mod server;

pub use api::{Answer, Api};
pub use recorder::{Recorded, Recorder};
pub use server::Server;
