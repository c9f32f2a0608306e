//! The feed: every cell that is appended, handed on once and in order to whoever follows the store.
//!
//! A subscription begins at a point between two groups of appends. What lies before it is read from
//! the [`FeedPast`]; what comes after arrives through the [`Feed`]. Nothing is in both, and sealing moves
//! nothing from one to the other.
//!
//! The writer hands on the encoded cells that it has just written to the journal. Following costs it
//! a pointer an append, and nothing when nobody follows; the reader decodes.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::limits::FEED_BYTES_MAX;
use crate::maintain::downsample::Moment;
use crate::model::cell::SlotValue;
use crate::model::stream::StreamId;
use crate::model::time::Slot;
use crate::read::scan::{Reader, Scan, Sight};
use crate::store::Shared;
use crate::write::journal;

/// One append: the numbers of its streams and its cells as they lie in the journal.
#[derive(Debug)]
struct Delta {
    streams: Vec<StreamId>,
    cells: Vec<u8>,
}

impl Delta {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.streams.capacity() * size_of::<StreamId>() + self.cells.capacity()
    }
}

/// What a reader has not taken yet.
#[derive(Debug, Default)]
struct Waiting {
    deltas: VecDeque<Arc<Delta>>,
    size_bytes: usize,
    lost: bool,
}

/// The cells that are appended from some point on.
#[derive(Debug, Default)]
pub struct Feed {
    waiting: Arc<Mutex<Waiting>>,
}

impl Feed {
    /// Calls `visit` with each cell that was appended since the last call, in the order of the
    /// appends: what one append adds to a slot of a stream. An append whose answer has arrived is
    /// there.
    ///
    /// # Errors
    /// [`Error::FeedLost`] when more than [`FEED_BYTES_MAX`] had to wait. The feed has ended then:
    /// subscribe again and begin with the new past.
    pub fn read(&mut self, visit: &mut dyn FnMut(StreamId, Slot, &SlotValue)) -> Result<()> {
        let deltas = {
            let mut waiting = self.waiting.lock();
            if waiting.lost {
                return Err(Error::FeedLost { limit: FEED_BYTES_MAX });
            }
            waiting.size_bytes = 0;
            std::mem::take(&mut waiting.deltas)
        };
        for delta in deltas {
            journal::decode_delta(&delta.streams, &delta.cells, &mut *visit)?;
        }
        Ok(())
    }

    /// The writer's end.
    pub(crate) fn tap(&self) -> Tap {
        Tap(Arc::downgrade(&self.waiting))
    }
}

/// Where the writer puts what one feed is to deliver.
#[derive(Debug)]
pub(crate) struct Tap(Weak<Mutex<Waiting>>);

impl Tap {
    /// Hands an append on. Answers whether there is any use in more of them.
    fn offer(&self, delta: &Arc<Delta>) -> bool {
        let Some(waiting) = self.0.upgrade() else { return false };
        let mut waiting = waiting.lock();
        waiting.size_bytes += delta.size_bytes();
        if waiting.size_bytes > FEED_BYTES_MAX {
            *waiting = Waiting { lost: true, ..Waiting::default() };
            return false;
        }
        waiting.deltas.push_back(Arc::clone(delta));
        true
    }
}

/// The taps of all feeds. Only the writer has them.
#[derive(Debug, Default)]
pub(crate) struct Taps(Vec<Tap>);

impl Taps {
    pub(crate) fn add(&mut self, tap: Tap) {
        self.0.push(tap);
    }

    /// Hands an append on to every feed that is still read.
    pub(crate) fn publish(&mut self, streams: Vec<StreamId>, cells: Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        let delta = Arc::new(Delta { streams, cells });
        self.0.retain(|tap| tap.offer(&delta));
    }
}

/// Everything that was appended before a feed begins. It keeps what it shows in memory and on disk:
/// read it and let it go.
pub struct FeedPast<'a> {
    shared: &'a Shared,
    view: Sight<'a>,
}

impl<'a> FeedPast<'a> {
    /// What is sealed or frozen at this moment. The caller sees to it that no seal comes in between.
    pub(crate) fn new(shared: &'a Shared) -> Self {
        let view = shared.head.past(|| Some(Arc::new(Moment::now(shared))));
        Self { shared, view }
    }

    /// [`Store::scan`](crate::Store::scan) over the past.
    ///
    /// # Errors
    /// As that.
    pub fn scan(
        &self,
        scan: &Scan<'_>,
        visit: &mut dyn FnMut(StreamId, Slot, &SlotValue),
    ) -> Result<()> {
        let Scan { streams, slots, grain, wanted } = scan.clone();
        Reader::of(self.shared, self.view.clone(), slots, grain, wanted).scan(streams, visit)
    }
}

impl std::fmt::Debug for FeedPast<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeedPast").field("floor", &self.view.floor).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
