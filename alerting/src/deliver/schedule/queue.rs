//! The send queue of one receiver: picks the next delivery, in order within a thread, critical triggers
//! first, within the rate limit and the circuit breaker. Pure.

use std::collections::{BTreeMap, HashSet};

use plimsoll_storage::TimestampMs;

use super::breaker::Breaker;
use super::rate_window::RateWindow;
use crate::limits::SENDS_IN_FLIGHT_MAX;
use crate::records::delivery::Delivery;
use crate::rule::Severity;

/// Key of a thread, the deliveries of one alert to the receiver: the key prefix they share.
pub(in crate::deliver) type Thread = Vec<u8>;

/// The next delivery of a thread. Small, because there can be thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deliver) struct Head {
    /// Its key in the outbox.
    pub(in crate::deliver) key: Vec<u8>,
    /// No attempt before this.
    pub(in crate::deliver) due_at: TimestampMs,
    /// When the last attempt began; `None` before the first.
    tried_at: Option<TimestampMs>,
    /// Its event time.
    at: TimestampMs,
    /// It triggers or escalates a critical alert.
    is_urgent: bool,
    /// Its send is in flight.
    is_sending: bool,
}

impl Head {
    pub(in crate::deliver) fn new(key: Vec<u8>, delivery: &Delivery) -> Self {
        let is_urgent = delivery.action.begins() && delivery.alert.severity == Severity::Critical;
        let (due_at, at) = (delivery.next_attempt_at, delivery.at);
        let tried_at = delivery.log.last().map(|attempt| attempt.at);
        Self { key, due_at, tried_at, at, is_urgent, is_sending: false }
    }

    /// When it is due. A wait that began after `now` is over: the clock was set back.
    fn due_at(&self, now: TimestampMs) -> TimestampMs {
        if self.tried_at.is_some_and(|tried_at| tried_at > now) {
            return self.due_at.min(now);
        }
        self.due_at
    }
}

/// What an attempt shows about the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::deliver) enum ReceiverHealth {
    /// It answered.
    Answered,
    /// It answered, and asks for a pause of so many ms.
    Throttled(i64),
    /// It cannot be reached, or failed.
    Failed,
    /// No request was made.
    Unknown,
}

/// The heads of all threads, and what delays them.
#[derive(Debug, Default)]
pub(in crate::deliver) struct Queue {
    heads: BTreeMap<Thread, Head>,
    /// Threads whose deliveries wait.
    held: HashSet<Thread>,
    sending: usize,
    /// The receiver asked for a pause from the first time to the second.
    paused: Option<(TimestampMs, TimestampMs)>,
    breaker: Breaker,
}

impl Queue {
    /// Replaces the heads by those found in the outbox. Sends in flight stay in flight, and a wait that
    /// could not be written is kept.
    pub(in crate::deliver) fn replace(&mut self, mut heads: BTreeMap<Thread, Head>) {
        for (thread, old) in std::mem::take(&mut self.heads) {
            match heads.get_mut(&thread) {
                Some(head) if head.key == old.key => {
                    head.is_sending = old.is_sending;
                    head.due_at = head.due_at.max(old.due_at);
                }
                _ if old.is_sending => drop(heads.insert(thread, old)),
                _ => {}
            }
        }
        self.heads = heads;
    }

    /// The delivery to send now, if any. It is in flight from here on.
    pub(in crate::deliver) fn next(
        &mut self,
        now: TimestampMs,
        window: &mut RateWindow,
    ) -> Option<(Thread, Vec<u8>)> {
        if self.sending >= SENDS_IN_FLIGHT_MAX || self.free_at(now, window)? > now {
            return None;
        }
        let held = &self.held;
        let due = self.heads.iter_mut().filter(|(thread, head)| {
            !head.is_sending && head.due_at(now) <= now && !held.contains(*thread)
        });
        let (thread, head) = due.min_by_key(|(_, head)| (!head.is_urgent, head.due_at, head.at))?;
        if !window.take(now) {
            return None;
        }
        head.is_sending = true;
        self.sending += 1;
        Some((thread.clone(), head.key.clone()))
    }

    /// Ends the send of a thread. `next` is its next delivery.
    pub(in crate::deliver) fn sent(
        &mut self,
        thread: Thread,
        next: Option<Head>,
        health: ReceiverHealth,
        now: TimestampMs,
    ) {
        self.sending = self.sending.saturating_sub(1);
        match next {
            Some(head) => drop(self.heads.insert(thread, head)),
            None => drop(self.heads.remove(&thread)),
        }
        match health {
            ReceiverHealth::Answered => self.breaker.answered(),
            ReceiverHealth::Throttled(pause_ms) => {
                self.breaker.answered();
                self.paused = Some((now, now.plus_ms(pause_ms)));
            }
            ReceiverHealth::Failed => self.breaker.failed(now),
            ReceiverHealth::Unknown => {}
        }
    }

    /// Delays a thread whose outcome could not be written.
    pub(in crate::deliver) fn put_off(&mut self, thread: &Thread, until: TimestampMs) {
        self.sending = self.sending.saturating_sub(1);
        if let Some(head) = self.heads.get_mut(thread) {
            (head.is_sending, head.due_at) = (false, until);
        }
    }

    /// When the next request may be made; `None` when that depends on a send in flight.
    fn free_at(&self, now: TimestampMs, window: &mut RateWindow) -> Option<TimestampMs> {
        // A pause that began after `now` is over: the clock was set back.
        let paused = self.paused.filter(|(from, _)| *from <= now);
        let breaker = self.breaker.free_at(self.sending, now)?;
        Some(breaker.max(window.free_at(now)).max(paused.map_or(now, |(_, until)| until)))
    }

    /// Whether deliveries that are due cannot be sent now.
    pub(in crate::deliver) fn is_held_up(&self, now: TimestampMs, window: &mut RateWindow) -> bool {
        self.breaker.is_open() || self.free_at(now, window).is_none_or(|free| free > now)
    }

    /// When the next delivery can be sent, as far as is known now.
    pub(in crate::deliver) fn wakes_at(
        &self,
        now: TimestampMs,
        window: &mut RateWindow,
    ) -> Option<TimestampMs> {
        if self.sending >= SENDS_IN_FLIGHT_MAX {
            return None;
        }
        let waiting = self.heads.iter();
        let waiting =
            waiting.filter(|(thread, head)| !head.is_sending && !self.held.contains(*thread));
        let due = waiting.map(|(_, head)| head.due_at(now)).min()?;
        Some(due.max(self.free_at(now, window)?))
    }

    /// Holds back the deliveries of some threads, and of no others.
    pub(in crate::deliver) fn hold(&mut self, threads: impl IntoIterator<Item = Thread>) {
        self.held = threads.into_iter().collect();
    }

    /// Whether a delivery of a thread waits or is in flight.
    pub(in crate::deliver) fn is_waiting(&self, thread: &Thread) -> bool {
        self.heads.contains_key(thread)
    }

    /// Threads with a send in flight.
    pub(in crate::deliver) fn sending(&self) -> HashSet<Thread> {
        let sending = self.heads.iter().filter(|(_, head)| head.is_sending);
        sending.map(|(thread, _)| thread.clone()).collect()
    }

    pub(in crate::deliver) const fn breaker(&self) -> &Breaker {
        &self.breaker
    }
}

#[cfg(test)]
mod tests;
