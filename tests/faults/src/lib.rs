//! Crash tests of the store. A driver runs a [`plan`] under strace; the [`trace`] becomes a model of the
//! [`disk`]; from it come the files that a kill or a power loss may leave at any point; the [`oracle`] opens
//! them and checks that every acknowledged item is there exactly once.

pub mod campaign;
pub mod disk;
pub mod driver;
pub mod oracle;
pub mod plan;
pub mod record;
pub mod trace;
