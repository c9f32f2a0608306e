//! Crash tests of the store. A driver runs a [`plan`] under strace; the [`trace`] becomes a model of the
//! [`disk`]; from it come the files that a kill or a power loss may leave at any point; the [`oracle`] opens
//! them and checks that every acknowledged item is there exactly once.
//!
//! [`flips`] changes single bits of such files.
//!
//! [`alerts`] crashes evaluation and delivery in the same way, and compares what receivers get.
//!
//! [`live`] kills the real binary and lets its system calls fail, while pushes go on.

pub mod alerts;
pub mod campaign;
pub mod disk;
pub mod driver;
pub mod flips;
pub mod live;
pub mod oracle;
pub mod plan;
pub mod record;
pub mod trace;
