//! Backtests: rules replayed over what really happened, by the code that judges live.
//!
//! A source says what became known when, in chunks: a [`recording`] of pushed items, or what is
//! [`stored`]. One thread reads and checks it, another judges; between them wait a few chunks, so the
//! memory is that of the rules' windows, however long the history is. [`report`] prints what was found.

mod batch;
mod limits;
mod line;
pub(crate) mod recording;
pub(crate) mod report;
mod source;
pub(crate) mod stored;

use std::sync::mpsc;

use plimsoll_alerting::{Replay, ReplayedAlert, RuleSet};
use plimsoll_storage::{SlotWidth, StreamKey, StreamRef};

use crate::import::Progress;
use limits::CHUNKS_WAITING_MAX;
pub(crate) use source::Chunk;

/// Takes chunks of a source. Answers whether more are wanted.
pub(crate) type Take<'t> = dyn FnMut(Chunk) -> bool + 't;

/// Judges everything that `read` hands on. Answers the alerts, and what `read` says of its source.
///
/// # Errors
/// Those of `read`. What was found until then would be misleading and is left out.
pub(crate) fn replay<R: Send, E: Send>(
    rules: RuleSet,
    width: SlotWidth,
    progress: &Progress,
    read: impl FnOnce(&mut Take<'_>) -> Result<R, E> + Send,
) -> Result<(Vec<ReplayedAlert>, R), E> {
    std::thread::scope(|scope| {
        let (sender, chunks) = mpsc::sync_channel::<Chunk>(CHUNKS_WAITING_MAX);
        let reader = scope.spawn(move || read(&mut |chunk| sender.send(chunk).is_ok()));
        let mut replay = Replay::new(rules, width);
        let mut streams = Vec::new();
        for chunk in chunks {
            progress.update(chunk.progress, chunk.read);
            judge(&mut replay, &mut streams, chunk);
        }
        progress.finish();
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((replay.finish(), read))
    })
}

/// Judges what is due before each arrival, and takes note of it then: a judgement never knows what
/// came later.
fn judge(replay: &mut Replay, streams: &mut Vec<StreamKey>, chunk: Chunk) {
    streams.extend(chunk.new_streams);
    for arrival in &chunk.arrivals {
        replay.advance(arrival.at);
        if let Some(stream) = streams.get(arrival.stream as usize) {
            let StreamRef { kind, name, labels } = stream.as_ref();
            replay.observe(kind, name, &labels, arrival.slot, &arrival.value);
        }
    }
}
