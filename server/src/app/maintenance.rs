//! Keeps the store in shape: seals the head, compacts, fills the cache after a start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_storage::Error;

use super::App;
use super::stop::{Stop, Ticks};
use super::streams::RejectedLog;
use crate::clock;

/// How often the store is asked whether its head should be sealed.
const SEAL_EVERY: Duration = Duration::from_secs(1);
/// How often the store is asked whether it has time to compact.
const COMPACT_EVERY: Duration = Duration::from_secs(5);

/// Seals the head when it is due, until the server stops.
pub(crate) async fn seal(app: App, stop: Stop) {
    let mut ticks = Ticks::new(SEAL_EVERY, stop);
    let mut rejected = RejectedLog::default();
    while ticks.next().await {
        rejected.look(app.store.stream_usage().rejected, Instant::now());
        let store = Arc::clone(&app.store);
        let result = tokio::task::spawn_blocking(move || {
            store.trust_clock_until(clock::trusted_until());
            store.maintain(clock::now())
        })
        .await;
        match result {
            // The health of the server says when the store cannot be written.
            Ok(Ok(None) | Err(Error::NotWritable { .. })) => {}
            Ok(Ok(Some(sealed))) => {
                tracing::info!(
                    cells = sealed.cells,
                    parts = sealed.parts,
                    bytes = sealed.bytes,
                    "sealed the head"
                );
            }
            Ok(Err(error)) => tracing::error!(%error, "the head cannot be sealed"),
            Err(error) => tracing::error!(%error, "sealing panicked"),
        }
    }
}

/// Fills the cache with the newest cells once, a second after the start: requests and rules that waited for
/// the start come first.
pub(crate) async fn preload(app: App, stop: Stop) {
    let mut ticks = Ticks::new(SEAL_EVERY, stop);
    if !(ticks.next().await && ticks.next().await) {
        return;
    }
    let (store, stop) = (Arc::clone(&app.store), ticks.stop);
    match tokio::task::spawn_blocking(move || store.preload(|| !*stop.borrow())).await {
        Ok(Err(Error::Closed)) => {}
        Ok(Ok(slots)) => {
            let bytes = app.store.stats().cache_bytes;
            tracing::info!(slots, bytes, "filled the cache with the newest cells");
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "the cache stays empty: recent cells are read from disk");
        }
        Err(error) => tracing::error!(%error, "filling the cache panicked"),
    }
}

/// Compacts the store while there is little to do, until the server stops.
pub(crate) async fn compact(app: App, stop: Stop) {
    let mut ticks = Ticks::new(COMPACT_EVERY, stop);
    while ticks.next().await {
        let (store, stop) = (Arc::clone(&app.store), ticks.stop.clone());
        let compacted = tokio::task::spawn_blocking(move || {
            store.compact_when_idle(clock::now(), || !*stop.borrow())
        });
        match compacted.await {
            Ok(Ok(false) | Err(Error::NotWritable { .. })) => {}
            Ok(Ok(true)) => {
                let bytes = app.store.stats().disk_bytes;
                tracing::info!(bytes, "compacted recently sealed blocks");
            }
            Ok(Err(error)) => tracing::warn!(%error, "the store cannot be compacted"),
            Err(error) => tracing::error!(%error, "compaction panicked"),
        }
    }
}
