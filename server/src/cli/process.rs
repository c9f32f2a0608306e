//! What holds for the process of every command.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::Mode;
use signal_hook::consts::SIGXFSZ;

/// Access that files do not get: of the group and of others.
const NOT_GRANTED: Mode = Mode::RWXG.union(Mode::RWXO);

/// Keeps what the process writes to its own user, and has writes beyond a limit on the size of files fail
/// instead of ending the process.
///
/// # Errors
/// The signal cannot be handled.
pub(super) fn prepare() -> std::io::Result<()> {
    rustix::process::umask(NOT_GRANTED);
    // The flag is never read: with any handler the write returns an error, which the store recovers from.
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}
