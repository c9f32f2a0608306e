//! How much of the machine's memory the server takes, and when it returns freed memory.

use std::ffi::c_long;

use indicatif::HumanBytes;
use libmimalloc_sys::{mi_option_get, mi_option_set_default, mi_option_t};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// The newest cells may take one part in so many of the memory of the machine or container.
const CELLS_SHARE: usize = 4;

/// The allocator's option `purge_delay`. Its bindings name only a few options; this is the position in
/// `mi_option_e` of the header of mimalloc 3, which a test checks.
const PURGE_DELAY: mi_option_t = 15;

/// For how many milliseconds the allocator keeps freed memory. With the allocator's default of 1000 ms a
/// server under the load of `scripts/bench-server.sh` held 166 MB while it answered large queries; it holds
/// 127 MB with 100 ms and 112 MB with 0 ms. Such a query takes 10.9, 13.4 and 16.6 ms.
const PURGE_DELAY_MS: c_long = 100;

/// Makes the allocator return freed memory to the system after 100 ms, unless the environment variable
/// `MIMALLOC_PURGE_DELAY` sets another time. Returns the time that applied before, in ms. Call it before
/// threads are started.
#[expect(
    unsafe_code,
    reason = "the allocator's options have no safe interface; this is the only unsafe code"
)]
pub(crate) fn set_purge_delay() -> c_long {
    // SAFETY: both functions only read or write one number in a static table, and check the position. They
    // must not run while another thread uses the table; the caller has not started any.
    unsafe {
        let before = mi_option_get(PURGE_DELAY);
        mi_option_set_default(PURGE_DELAY, PURGE_DELAY_MS);
        before
    }
}

/// Bytes that the newest sealed cells may take when setting `memory` is not given; 0 if the size of the
/// machine's memory is unknown.
pub(crate) fn cells_bytes_max() -> usize {
    machine_bytes().map_or(0, |bytes| bytes / CELLS_SHARE)
}

/// Setting `memory`, if the machine has as much.
///
/// # Errors
/// It has less: the newest cells would grow until the system ends the process.
pub(crate) fn within_machine(memory_bytes: usize) -> Result<usize, String> {
    match machine_bytes() {
        Some(machine_bytes) if memory_bytes > machine_bytes => Err(format!(
            "setting `memory` is {}, but this machine or container has {}; the database, queries and requests \
             need some of it too, so use half of it at most",
            HumanBytes(memory_bytes as u64),
            HumanBytes(machine_bytes as u64)
        )),
        _ => Ok(memory_bytes),
    }
}

/// The memory of the machine or container, if it is known.
fn machine_bytes() -> Option<usize> {
    let kinds = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kinds).ok()?;
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    Some(usize::try_from(system.total_memory().min(container)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
