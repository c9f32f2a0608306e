//! Bounds on request bodies: how much memory all of them may take, and how many large ones are read
//! at once.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::error::ApiError;

/// Bytes that all bodies being read may take together.
const ALL_BODIES_BYTES_MAX: usize = 192 << 20;

/// The memory that request bodies take, shared by all requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct BodyMemory(Arc<AtomicUsize>);

/// One permit a core for bodies that take a while to decompress and read. A body that waits is still
/// compressed and so small; small bodies do not wait at all.
#[derive(Debug, Clone)]
pub(crate) struct HeavyBodies(Arc<Semaphore>);

impl Default for HeavyBodies {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Semaphore::new(cores)))
    }
}

impl HeavyBodies {
    /// Runs `work` once there is a permit.
    pub(crate) async fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        // The semaphore is never closed. If it were, the work would run at once.
        let _permit = self.0.acquire().await;
        tokio::task::block_in_place(work)
    }
}

/// The memory that one request has reserved; released when it is dropped.
#[derive(Debug)]
pub(crate) struct Reserved {
    memory: BodyMemory,
    bytes: usize,
}

impl BodyMemory {
    /// Reserves memory for a body.
    ///
    /// # Errors
    /// 503 when all bodies together would take too much.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<Reserved, ApiError> {
        let mut reserved = Reserved { memory: self.clone(), bytes: 0 };
        reserved.grow(bytes)?;
        Ok(reserved)
    }
}

impl Reserved {
    /// Reserves more.
    ///
    /// # Errors
    /// 503 when all bodies together would take too much.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let before = self.memory.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before + bytes > ALL_BODIES_BYTES_MAX {
            return Err(ApiError::busy("too many large bodies are being read at once"));
        }
        Ok(())
    }
}

impl Reserved {
    /// Releases what is reserved beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let unused = self.bytes.saturating_sub(bytes);
        self.bytes -= unused;
        self.memory.0.fetch_sub(unused, Ordering::Relaxed);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
