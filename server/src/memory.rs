//! How much of the machine's memory the server takes, and when it returns freed memory.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_get, mi_option_set_default, mi_option_t};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// The newest cells may take one part in so many of the memory of the machine or container.
const CELLS_SHARE: u64 = 4;

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
    let kinds = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let Ok(system) = System::new_with_specifics(kinds) else { return 0 };
    let container = system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory);
    usize::try_from(system.total_memory().min(container) / CELLS_SHARE).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
