//! Bounds on bodies: how much memory those of all requests may take, and those of all answers, and how many
//! large ones are read at once.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::error::ApiError;

/// Bytes that all bodies being read may take together, and all answers that are not sent yet.
const ALL_BODIES_BYTES_MAX: usize = 192 << 20;
/// Bodies beyond this size leave a quarter of the memory to smaller ones, so that a few clients with large
/// bodies do not keep out everybody else.
const SMALL_BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes that all bodies together may take when a larger one is added.
const LARGE_BODIES_BYTES_MAX: usize = ALL_BODIES_BYTES_MAX / 4 * 3;

/// The memory that the bodies of requests take, or those of answers, shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct BodyMemory {
    used: Arc<AtomicUsize>,
    /// The error when there is none left.
    busy: &'static str,
}

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
    /// For the bodies of requests.
    pub(crate) fn of_requests() -> Self {
        Self { used: Arc::default(), busy: "too many large bodies are being read at once" }
    }

    /// For the bodies of answers.
    pub(crate) fn of_answers() -> Self {
        Self { used: Arc::default(), busy: "too many large answers are being sent at once" }
    }

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
        let before = self.memory.used.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        let is_small = self.bytes <= SMALL_BODY_BYTES_MAX;
        let all_max = if is_small { ALL_BODIES_BYTES_MAX } else { LARGE_BODIES_BYTES_MAX };
        if before + bytes > all_max {
            return Err(ApiError::busy(self.memory.busy));
        }
        Ok(())
    }
}

impl Reserved {
    /// Releases what is reserved beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let unused = self.bytes.saturating_sub(bytes);
        self.bytes -= unused;
        self.memory.used.fetch_sub(unused, Ordering::Relaxed);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
