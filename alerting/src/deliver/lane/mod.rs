//! The lane of one receiver: the loop that reads its outbox and sends what is due.
//!
//! Each round:
//! 1. reads what waits in the outbox, thread by thread ([`Lane::refresh`]); gives up everything when
//!    the receiver is disabled, hands it over when the receiver is down, and coalesces what was
//!    resolved before it was sent;
//! 2. picks what is sent next ([`Queue::next`]: order, urgency, rate limit, breaker);
//! 3. sends it and writes the outcome in one commit ([`Sender::deliver`]);
//! 4. repeats open alerts where the receiver would end or forget them ([`repeat`]).

mod handover;
mod record_outcome;
mod repeat;
mod scan;
pub(super) mod sender;
mod thread;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_storage::{Table, TableBatch, TimestampMs};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use self::repeat::Rounds;
use self::scan::ScanState;
use self::sender::{Delivered, Sender, give_up_all};
use super::context::{DeliveryContext, LaneSignal};
use super::schedule::queue::{Queue, Thread};
use super::schedule::rate_window::RateWindow;
use crate::error::{Error, Result};
use crate::limits::{LANE_POLL_MS, OUTCOMES_PER_COMMIT_MAX};
use crate::records::delivery::{DeadReason, DeliveryState};
use crate::records::outbox;

/// Why a coalesced delivery was dropped.
const COALESCED: &str = "it ended before anyone could be notified that it began";

/// Sends in flight.
type Sends = JoinSet<(Thread, Result<Delivered>)>;

/// The lane of one receiver.
pub(super) struct Lane {
    sender: Arc<Sender>,
    signal: watch::Receiver<LaneSignal>,
    queue: Queue,
    window: Arc<Mutex<RateWindow>>,
    /// [`DeliveryContext::run_ms`] since when the receiver fails; `None` while it works.
    down_from_ms: Option<i64>,
    /// Ids of deliveries that may have been sent without a record of it: all that waited at the first
    /// scan. They must not be coalesced. `None` before the first scan, and after a failed write.
    maybe_sent: Option<HashSet<String>>,
    rounds: Rounds,
}

impl Lane {
    pub(super) fn new(
        sender: Sender,
        window: Arc<Mutex<RateWindow>>,
        signal: watch::Receiver<LaneSignal>,
    ) -> Self {
        let sender = Arc::new(sender);
        let queue = Queue::default();
        let rounds = Rounds::default();
        Self { sender, signal, queue, window, down_from_ms: None, maybe_sent: None, rounds }
    }

    /// Delivers until the signal to stop, then waits for sends in flight.
    pub(super) async fn run(mut self) {
        let (mut sends, mut repeats) = (JoinSet::new(), JoinSet::new());
        self.try_refresh();
        while !self.signal.borrow().stop {
            self.start_sends(&mut sends);
            if repeats.is_empty() {
                self.try_repeat(&mut repeats);
            }
            let wait = self.wait();
            tokio::select! {
                changed = self.signal.changed() => match changed {
                    Ok(()) => self.try_refresh(),
                    // The notifier was dropped, so no signal to stop can come.
                    Err(_) => break,
                },
                Some(done) = sends.join_next(), if !sends.is_empty() => self.end_send(done),
                Some(_) = repeats.join_next(), if !repeats.is_empty() => self.queue.hold([]),
                () = tokio::time::sleep(wait) => self.try_refresh(),
            }
        }
        while sends.join_next().await.is_some() {}
    }

    fn try_refresh(&mut self) {
        if let Err(error) = self.refresh() {
            self.log_error(&error);
        }
    }

    /// Reads the whole outbox of the receiver and keeps the first delivery of each thread.
    fn refresh(&mut self) -> Result<()> {
        self.apply_status()?;
        let is_held_up = self.queue.is_held_up(self.now(), &mut self.window.lock());
        let (sending, maybe_sent) = (self.queue.sending(), self.maybe_sent.as_ref());
        let state = ScanState { is_held_up, sending, maybe_sent };
        let found = scan::scan(&self.context().store, self.name(), state)?;
        self.queue.replace(found.heads);
        self.context().status.update(self.name(), |status| {
            (status.waiting, status.oldest_at) = (found.count, found.oldest_at);
        });
        match &mut self.maybe_sent {
            Some(sent) => sent.retain(|id| found.ids.contains(id)),
            None => self.maybe_sent = Some(found.ids),
        }
        self.drop_cancelled(&found.cancelled)
    }

    /// Gives up or hands over what waits, when the receiver is disabled or down.
    fn apply_status(&self) -> Result<()> {
        if let Some(reason) = self.context().status.disabled(self.name()) {
            return give_up_all(self.context(), self.name(), DeadReason::Disabled, &reason);
        }
        let breaker = self.queue.breaker();
        let run_ms = self.context().run_ms();
        let down_ms = self.down_from_ms.map_or(0, |from_ms| run_ms - from_ms);
        let fail_over = self.sender.receiver.fail_over.as_ref();
        if let Some(fail_over) = fail_over.filter(|it| breaker.is_open() && down_ms >= it.after_ms)
        {
            let sending = self.queue.sending();
            handover::hand_over(self.context(), self.name(), &fail_over.to, &sending)?;
        }
        Ok(())
    }

    /// Drops deliveries of alerts that fired and were resolved while the receiver was held up.
    fn drop_cancelled(&self, keys: &[Vec<u8>]) -> Result<()> {
        let (now, context) = (self.now(), self.context());
        for keys in keys.chunks(OUTCOMES_PER_COMMIT_MAX) {
            let mut batch = TableBatch::default();
            for key in keys {
                let thread = outbox::thread_of(key).to_vec();
                let Some(row) = context.store.get(Table::Outbox, key)? else { continue };
                let mut delivery = outbox::decode(&row)?;
                delivery.detail = Some(COALESCED.into());
                let notes = thread::read(&context.store, &thread)?;
                let state = DeliveryState::Coalesced;
                record_outcome::close(&mut batch, &thread, notes, delivery, state, now);
            }
            context.store.commit(batch)?;
            context.status.update(self.name(), |status| {
                status.coalesced += keys.len() as u64;
                status.waiting = status.waiting.saturating_sub(keys.len());
            });
        }
        Ok(())
    }

    /// Starts every send that is due now.
    fn start_sends(&mut self, sends: &mut Sends) {
        let now = self.now();
        let mut window = self.window.lock();
        while let Some((thread, key)) = self.queue.next(now, &mut window) {
            let sender = Arc::clone(&self.sender);
            sends.spawn(async move {
                let done = sender.deliver(&thread, &key).await;
                (thread, done)
            });
        }
        let is_open = self.queue.breaker().is_open();
        let is_throttled = self.queue.is_held_up(now, &mut window) && !is_open;
        self.context().status.update(self.name(), |status| {
            status.is_open = is_open;
            status.down_since = self.queue.breaker().down_since();
            status.is_throttled = is_throttled;
        });
    }

    /// Starts to repeat open alerts when that is due. Their deliveries wait meanwhile: a repetition that
    /// arrived after the resolve would trigger the alert again.
    fn try_repeat(&mut self, repeats: &mut JoinSet<()>) {
        let run_ms = self.context().run_ms();
        let is_disabled = self.context().status.disabled(self.name()).is_some();
        if !self.rounds.is_due(run_ms) || self.queue.breaker().is_open() || is_disabled {
            return;
        }
        let sender = Arc::clone(&self.sender);
        let (store, name) = (&sender.context.store, &sender.receiver.name);
        let is_waiting = |thread: &Thread| self.queue.is_waiting(thread);
        match self.rounds.next_page(store, name, run_ms, is_waiting) {
            Ok(open) if open.is_empty() => {}
            Ok(open) => {
                let (threads, open): (Vec<Thread>, Vec<_>) = open.into_iter().unzip();
                self.queue.hold(threads);
                repeats.spawn(repeat::repeat(Arc::clone(&sender), open));
            }
            Err(error) => self.log_error(&error),
        }
    }

    /// Continues with the next delivery of the thread whose send has ended.
    fn end_send(&mut self, done: Result<(Thread, Result<Delivered>), JoinError>) {
        let now = self.now();
        match done {
            Ok((thread, Ok(Delivered { next, health }))) => {
                self.queue.sent(thread, next, health, now);
            }
            Ok((thread, Err(error))) => {
                // The delivery may be sent twice, but not in a tight loop.
                self.log_error(&error);
                self.queue.put_off(&thread, now.plus_ms(LANE_POLL_MS));
                self.maybe_sent = None;
            }
            Err(error) => {
                // The thread is not known: the next scan of the outbox finds it.
                tracing::error!(%error, receiver = self.name(), "a send failed unexpectedly");
                self.queue = Queue::default();
                self.maybe_sent = None;
            }
        }
        let is_down = self.queue.breaker().down_since().is_some();
        let down_from_ms = self.down_from_ms.unwrap_or_else(|| self.context().run_ms());
        self.down_from_ms = is_down.then_some(down_from_ms);
    }

    /// How long until something can be started, as far as is known.
    fn wait(&self) -> Duration {
        let now = self.now();
        let next = self.queue.wakes_at(now, &mut self.window.lock());
        let wait_ms = next.map_or(LANE_POLL_MS, |next| next.since_ms(now).clamp(1, LANE_POLL_MS));
        Duration::from_millis(wait_ms.unsigned_abs())
    }

    fn context(&self) -> &DeliveryContext {
        &self.sender.context
    }

    fn name(&self) -> &str {
        &self.sender.receiver.name
    }

    fn now(&self) -> TimestampMs {
        self.context().now()
    }

    fn log_error(&self, error: &Error) {
        tracing::error!(%error, receiver = self.name(), "the outbox failed");
    }
}
