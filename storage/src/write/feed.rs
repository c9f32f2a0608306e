//! The feed: every cell that is appended, passed once and in order to each follower of the store.
//!
//! A subscription begins at a point between two groups of appends. Everything before is read from the
//! [`FeedPast`](crate::FeedPast); everything after arrives through the [`Feed`]. No cell is in both, and
//! sealing moves none from one to the other.
//!
//! The writer passes on the encoded cells that it has just written to the journal. With a follower that costs
//! it a pointer for each append, without one nothing; the follower decodes.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::journal::{self, AppendedCell};
use crate::error::{Error, Result};
use crate::limits::FEED_BYTES_MAX;
use crate::model::stream::StreamId;

/// One append: the ids of its streams, and its cells as the journal holds them.
#[derive(Debug)]
struct EncodedAppend {
    streams: Vec<StreamId>,
    cells: Vec<u8>,
}

impl EncodedAppend {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.streams.capacity() * size_of::<StreamId>() + self.cells.capacity()
    }
}

/// What a follower has not read yet.
#[derive(Debug, Default)]
struct Waiting {
    appends: VecDeque<Arc<EncodedAppend>>,
    size_bytes: usize,
    lost: bool,
}

/// The cells that are appended from some point on.
#[derive(Debug, Default)]
pub struct Feed {
    waiting: Arc<Mutex<Waiting>>,
}

impl Feed {
    /// Calls `visit` with each cell that was appended since the last call, in the order of the appends.
    /// Every acknowledged append is included.
    ///
    /// # Errors
    /// [`Error::FeedLost`] when more than [`FEED_BYTES_MAX`] had to wait. The feed has ended then:
    /// subscribe again and read the new past first.
    pub fn read(&mut self, visit: &mut dyn FnMut(&AppendedCell)) -> Result<()> {
        let appends = {
            let mut waiting = self.waiting.lock();
            if waiting.lost {
                return Err(Error::FeedLost { limit: FEED_BYTES_MAX });
            }
            waiting.size_bytes = 0;
            std::mem::take(&mut waiting.appends)
        };
        for append in appends {
            let cells = journal::decode_append(&append.streams, &append.cells)?;
            cells.iter().for_each(&mut *visit);
        }
        Ok(())
    }

    /// The writer's end of the feed.
    pub(crate) fn tap(&self) -> Tap {
        Tap(Arc::downgrade(&self.waiting))
    }
}

/// Takes from the writer what one feed delivers.
#[derive(Debug)]
pub(crate) struct Tap(Weak<Mutex<Waiting>>);

impl Tap {
    /// Adds an append to the feed. Returns whether the feed takes more.
    fn offer(&self, append: &Arc<EncodedAppend>) -> bool {
        let Some(waiting) = self.0.upgrade() else { return false };
        let mut waiting = waiting.lock();
        waiting.size_bytes += append.size_bytes();
        if waiting.size_bytes > FEED_BYTES_MAX {
            *waiting = Waiting { lost: true, ..Waiting::default() };
            return false;
        }
        waiting.appends.push_back(Arc::clone(append));
        true
    }
}

/// The taps of all feeds. They belong to the writer.
#[derive(Debug, Default)]
pub(crate) struct Taps(Vec<Tap>);

impl Taps {
    pub(crate) fn add(&mut self, tap: Tap) {
        self.0.push(tap);
    }

    /// Passes an append to every feed that is still read.
    pub(crate) fn publish(&mut self, streams: Vec<StreamId>, cells: Vec<u8>) {
        if self.0.is_empty() {
            return;
        }
        let append = Arc::new(EncodedAppend { streams, cells });
        self.0.retain(|tap| tap.offer(&append));
    }
}

#[cfg(test)]
mod tests;
