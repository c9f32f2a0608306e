//! Stores when keys were last used.

use std::sync::Arc;
use std::time::Duration;

use super::App;
use super::stop::{Stop, Ticks};

/// How often it is stored, by the minute.
const NOTE_EVERY: Duration = Duration::from_mins(1);

/// Stores when keys were last used, each minute until the server stops.
pub(crate) async fn note_use_of_keys(app: App, stop: Stop) {
    let mut ticks = Ticks::new(NOTE_EVERY, stop);
    let mut since = app.now();
    while ticks.next().await {
        let keys = Arc::clone(&app.keys);
        let noted = tokio::task::spawn_blocking(move || keys.note_use(since)).await;
        match noted {
            Ok(Ok(())) => since = app.now().plus_ms(-(NOTE_EVERY.as_millis() as i64)),
            // The health of the server says when the store cannot be written; it is tried again.
            Ok(Err(error)) => tracing::debug!(%error, "the last use of keys is not stored"),
            Err(error) => tracing::error!(%error, "storing the last use of keys panicked"),
        }
    }
}
