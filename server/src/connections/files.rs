//! The limit on open files of the process.

/// Raises the limit on open files as far as the system allows, and returns it.
pub(crate) fn raise_limit() -> u64 {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(files_max) => files_max,
        Err(error) => {
            tracing::warn!(%error, "the limit on open files cannot be raised");
            // What every system allows.
            rlimit::Resource::NOFILE.get_soft().unwrap_or(1_024)
        }
    }
}
