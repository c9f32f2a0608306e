//! The lane of one receiver, stage after stage:
//!
//! 1. *look* at what waits in the outbox, thread by thread ([`Lane::refresh`]);
//! 2. *sweep*: give up what a receiver that wants nothing more would get, *hand over* what waits for
//!    one that is down, *coalesce* what need not be said any more;
//! 3. *pick* what leaves next ([`Queue::next`]: order, urgency, rate limit, breaker);
//! 4. *address* it, *send* it, and *settle* it in one commit ([`Courier::deliver`]).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_storage::{Record, Table, TableBatch, TimestampMs};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::coalesce::{self, Waiting};
use super::courier::{Courier, Done, give_up_all};
use super::queue::{Head, Queue, Thread};
use super::window::Window;
use super::{Pulse, hand_over, settle, thread};
use crate::error::Result;
use crate::limits::{LANE_POLL_MS, SETTLED_PER_COMMIT_MAX};
use crate::records::delivery::{DeadReason, DeliveryState};
use crate::records::outbox;

type Sends = JoinSet<(Thread, Result<Done>)>;

/// The lane of one receiver.
pub(super) struct Lane {
    courier: Arc<Courier>,
    pulse: watch::Receiver<Pulse>,
    queue: Queue,
    window: Arc<Mutex<Window>>,
    /// Ids of what may have been sent without its being noted, and so must not be dropped as untold:
    /// all that waited at the first look. `None` before it, and when a note has failed.
    maybe_told: Option<HashSet<String>>,
}

impl Lane {
    pub(super) fn new(
        courier: Courier,
        window: Arc<Mutex<Window>>,
        pulse: watch::Receiver<Pulse>,
    ) -> Self {
        let courier = Arc::new(courier);
        Self { courier, pulse, queue: Queue::default(), window, maybe_told: None }
    }

    /// Delivers until it is told to stop, then waits for sends under way.
    pub(super) async fn run(mut self) {
        let mut sends = JoinSet::new();
        self.look();
        while !self.pulse.borrow().stop {
            self.launch(&mut sends);
            let wait = self.wait();
            tokio::select! {
                changed = self.pulse.changed() => match changed {
                    Ok(()) => self.look(),
                    // The notifier is gone, and with it whoever could say stop.
                    Err(_) => break,
                },
                Some(done) = sends.join_next(), if !sends.is_empty() => self.settled(done),
                () = tokio::time::sleep(wait) => self.look(),
            }
        }
        while sends.join_next().await.is_some() {}
    }

    fn look(&mut self) {
        if let Err(error) = self.refresh() {
            self.complain(&error);
        }
    }

    /// Looks at the whole outbox of the receiver, and takes the first delivery of each thread.
    fn refresh(&mut self) -> Result<()> {
        self.sweep()?;
        let is_held_up = self.queue.is_held_up(self.now(), &mut self.window.lock());
        let mut look = Look { is_held_up, sending: self.queue.sending(), ..Look::default() };
        let prefix = outbox::lane_prefix(self.name());
        outbox::for_each(&self.courier.post.store, &prefix, |row| {
            look.at(row, self.maybe_told.as_ref());
        })?;
        look.end_thread();
        let Look { heads, cancelled, ids, count, oldest_at, .. } = look;
        self.queue.replace(heads);
        self.courier.board().update(self.name(), |status| {
            (status.waiting, status.oldest_at) = (count, oldest_at);
        });
        match &mut self.maybe_told {
            Some(told) => told.retain(|id| ids.contains(id)),
            None => self.maybe_told = Some(ids),
        }
        self.drop_cancelled(&cancelled)
    }

    /// What follows from how the receiver is doing.
    fn sweep(&mut self) -> Result<()> {
        if let Some(reason) = self.courier.board().disabled(self.name()) {
            return give_up_all(&self.courier.post, self.name(), DeadReason::Disabled, &reason);
        }
        let down_since = self.queue.breaker().down_since();
        let down_ms = down_since.map_or(0, |since| self.now().since_ms(since));
        let fail_over = self.courier.receiver.fail_over.as_ref();
        let is_due = self.queue.breaker().is_open();
        if let Some(fail_over) = fail_over.filter(|it| is_due && down_ms >= it.after_ms) {
            hand_over::hand_over(&self.courier, &fail_over.to, &self.queue.sending())?;
        }
        Ok(())
    }

    /// Drops what began and ended while the receiver was held up.
    fn drop_cancelled(&mut self, keys: &[Vec<u8>]) -> Result<()> {
        let now = self.now();
        for keys in keys.chunks(SETTLED_PER_COMMIT_MAX) {
            let mut batch = TableBatch::default();
            for key in keys {
                let thread = outbox::thread_of(key).to_vec();
                let Some(row) = self.courier.post.store.get(Table::Outbox, key)? else { continue };
                let mut delivery = outbox::decode(&row)?;
                delivery.detail = Some("it ended before anyone could be told that it began".into());
                let notes = thread::read(&self.courier.post.store, &thread)?;
                settle::close(&mut batch, &thread, notes, delivery, DeliveryState::Coalesced, now);
            }
            self.courier.post.store.commit(batch)?;
            self.courier.board().update(self.name(), |status| {
                status.coalesced += keys.len() as u64;
                status.waiting = status.waiting.saturating_sub(keys.len());
            });
        }
        Ok(())
    }

    /// Starts what may leave now.
    fn launch(&mut self, sends: &mut Sends) {
        let now = self.now();
        let mut window = self.window.lock();
        while let Some((thread, key)) = self.queue.next(now, &mut window) {
            let courier = Arc::clone(&self.courier);
            sends.spawn(async move {
                let done = courier.deliver(&thread, &key).await;
                (thread, done)
            });
        }
        let is_throttled =
            self.queue.is_held_up(now, &mut window) && !self.queue.breaker().is_open();
        self.courier.board().update(self.name(), |status| {
            status.is_open = self.queue.breaker().is_open();
            status.down_since = self.queue.breaker().down_since();
            status.is_throttled = is_throttled;
        });
    }

    /// Moves on in the thread whose send has ended.
    fn settled(&mut self, done: Result<(Thread, Result<Done>), JoinError>) {
        let now = self.now();
        match done {
            Ok((thread, Ok(Done { next, heard }))) => self.queue.sent(thread, next, heard, now),
            Ok((thread, Err(error))) => {
                // What was delivered may be delivered again, but not in a tight loop.
                self.complain(&error);
                self.queue.put_off(&thread, now.plus_ms(LANE_POLL_MS));
                self.maybe_told = None;
            }
            Err(error) => {
                // Which thread it was is not known: let the next look at the outbox find out.
                tracing::error!(%error, receiver = self.name(), "a send ended badly");
                self.queue = Queue::default();
                self.maybe_told = None;
            }
        }
    }

    /// How long there is nothing to start, as far as is known.
    fn wait(&self) -> Duration {
        let now = self.now();
        let next = self.queue.wakes_at(now, &mut self.window.lock());
        let wait_ms = next.map_or(LANE_POLL_MS, |next| next.since_ms(now).clamp(1, LANE_POLL_MS));
        Duration::from_millis(wait_ms.unsigned_abs())
    }

    fn name(&self) -> &str {
        &self.courier.receiver.name
    }

    fn now(&self) -> TimestampMs {
        (self.courier.post.now)()
    }

    fn complain(&self, error: &crate::Error) {
        tracing::error!(%error, receiver = self.name(), "the outbox failed");
    }
}

/// One look at the outbox of a receiver, row by row.
#[derive(Default)]
struct Look {
    /// Whether the receiver is held up, so that what ended untold is dropped.
    is_held_up: bool,
    /// Threads whose send is under way.
    sending: HashSet<Thread>,
    heads: BTreeMap<Thread, Head>,
    /// Keys of what is dropped.
    cancelled: Vec<Vec<u8>>,
    ids: HashSet<String>,
    count: usize,
    oldest_at: Option<TimestampMs>,
    thread: Thread,
    /// The waiting deliveries of that thread, in order.
    rows: Vec<(Head, Waiting)>,
}

impl Look {
    /// A row that cannot be read, such as one of a newer version, is left where it is, and those
    /// after it go on.
    fn at(&mut self, (key, value): Record, maybe_told: Option<&HashSet<String>>) {
        let delivery = match outbox::decode(&value) {
            Ok(delivery) => delivery,
            Err(error) => {
                tracing::error!(%error, "a delivery is left in the outbox");
                return;
            }
        };
        if outbox::thread_of(&key) != self.thread {
            self.end_thread();
            self.thread = outbox::thread_of(&key).to_vec();
        }
        self.count += 1;
        self.oldest_at = Some(self.oldest_at.map_or(delivery.at, |oldest| oldest.min(delivery.at)));
        let is_known = maybe_told.is_some_and(|told| !told.contains(&delivery.id));
        let is_untold = is_known
            && delivery.attempts == 0
            && delivery.handed_to.is_none()
            && !self.sending.contains(&self.thread);
        let waiting = Waiting { action: delivery.action, is_untold };
        self.rows.push((Head::new(key, &delivery), waiting));
        self.ids.insert(delivery.id);
    }

    /// All of a thread has been seen.
    fn end_thread(&mut self) {
        let mut rows = std::mem::take(&mut self.rows);
        if self.is_held_up && rows.len() > 1 {
            let waiting: Vec<Waiting> = rows.iter().map(|(_, waiting)| *waiting).collect();
            for range in coalesce::cancelled(&waiting).into_iter().rev() {
                self.cancelled.extend(rows.drain(range).map(|(head, _)| head.key));
            }
        }
        if let Some((head, _)) = rows.into_iter().next() {
            self.heads.insert(std::mem::take(&mut self.thread), head);
        }
    }
}
