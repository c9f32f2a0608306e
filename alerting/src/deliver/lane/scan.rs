//! One scan of the outbox of a receiver: the first delivery of each thread, and the deliveries that
//! need not be sent any more.

use std::collections::{BTreeMap, HashSet};

use plimsoll_storage::{Record, Store, TimestampMs};

use crate::deliver::schedule::coalesce::{self, Waiting};
use crate::deliver::schedule::queue::{Head, Thread};
use crate::error::Result;
use crate::records::outbox;

/// What a scan depends on.
pub(super) struct ScanState<'a> {
    /// Whether the receiver is held up, so that deliveries are coalesced.
    pub(super) is_held_up: bool,
    /// Threads with a send in flight.
    pub(super) sending: HashSet<Thread>,
    /// Ids of deliveries that may have been sent; `None` when all may have been.
    pub(super) maybe_sent: Option<&'a HashSet<String>>,
}

/// What a scan found.
#[derive(Default)]
pub(super) struct ScanResult {
    /// The first delivery of each thread.
    pub(super) heads: BTreeMap<Thread, Head>,
    /// Keys of the deliveries to drop.
    pub(super) cancelled: Vec<Vec<u8>>,
    /// Ids of all waiting deliveries.
    pub(super) ids: HashSet<String>,
    /// How many deliveries wait.
    pub(super) count: usize,
    /// Event time of the oldest of them.
    pub(super) oldest_at: Option<TimestampMs>,
}

/// Reads every waiting delivery of a receiver.
pub(super) fn scan(store: &Store, receiver: &str, state: ScanState<'_>) -> Result<ScanResult> {
    let (result, thread, rows) = (ScanResult::default(), Thread::new(), Vec::new());
    let mut scan = Scan { state, result, thread, rows };
    outbox::for_each(store, &outbox::lane_prefix(receiver), |row| scan.add(row))?;
    scan.end_thread();
    Ok(scan.result)
}

/// A scan in progress.
struct Scan<'a> {
    state: ScanState<'a>,
    result: ScanResult,
    /// The thread being read.
    thread: Thread,
    /// Its waiting deliveries, in order.
    rows: Vec<(Head, Waiting)>,
}

impl Scan<'_> {
    /// Adds a row. One that cannot be read, such as one of a newer version, stays in the outbox; the
    /// rows after it are still delivered.
    fn add(&mut self, (key, value): Record) {
        let delivery = match outbox::decode(&value) {
            Ok(delivery) => delivery,
            Err(error) => {
                tracing::error!(%error, "a delivery cannot be read and stays in the outbox");
                return;
            }
        };
        if outbox::thread_of(&key) != self.thread {
            self.end_thread();
            self.thread = outbox::thread_of(&key).to_vec();
        }
        let result = &mut self.result;
        result.count += 1;
        let oldest_at = result.oldest_at.map_or(delivery.at, |oldest| oldest.min(delivery.at));
        result.oldest_at = Some(oldest_at);
        let is_unsent = self.state.maybe_sent.is_some_and(|sent| !sent.contains(&delivery.id))
            && delivery.attempts == 0
            && delivery.handed_to.is_none()
            && !self.state.sending.contains(&self.thread);
        let waiting = Waiting { action: delivery.action, is_unsent };
        self.rows.push((Head::new(key, &delivery), waiting));
        result.ids.insert(delivery.id);
    }

    /// Ends the current thread: coalesces its rows and keeps its head.
    fn end_thread(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        if self.state.is_held_up && rows.len() > 1 {
            let waiting: Vec<Waiting> = rows.iter().map(|(_, waiting)| *waiting).collect();
            for range in coalesce::cancelled(&waiting).into_iter().rev() {
                self.result.cancelled.extend(rows.drain(range).map(|(head, _)| head.key));
            }
        }
        if let Some((head, _)) = rows.into_iter().next() {
            self.result.heads.insert(std::mem::take(&mut self.thread), head);
        }
    }
}
