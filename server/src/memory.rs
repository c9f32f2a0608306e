//! Freed memory goes back to the system at once.
//!
//! The allocator keeps it for a second and more, in which the next large answer frees as much again: of a server
//! with 4,000 endpoints some 30 MB, for no CPU time that could be measured. It reads its options from the
//! environment when a process starts, and changing them later takes unsafe code; so a server begins by becoming
//! itself once more, with the option set.

use std::{env, os::unix::process::CommandExt, process::Command};

/// Milliseconds for which freed memory is kept.
const OPTION: &str = "MIMALLOC_PURGE_DELAY";

/// Has the process start over with the option, unless it was started with any. When that fails, it goes on.
pub(crate) fn give_back_at_once() {
    if env::var_os(OPTION).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let (Ok(program), Some(name)) = (env::current_exe(), arguments.next()) else { return };
    let error = Command::new(program).arg0(name).args(arguments).env(OPTION, "0").exec();
    tracing::warn!(%error, "freed memory is kept for a while: starting over with {OPTION}=0 failed");
}
