//! What leaves next: the waiting deliveries of one receiver, in order within a thread, critical
//! beginnings first, within what the receiver may be asked for. Pure: the lane does what it says.

use std::collections::{BTreeMap, HashSet};

use plimsoll_storage::TimestampMs;

use super::breaker::Breaker;
use super::window::Window;
use crate::limits::{RETRY_AFTER_MS_MAX, SENDS_IN_FLIGHT_MAX};
use crate::records::delivery::Delivery;
use crate::rule::Severity;

/// A thread is the deliveries of one alert to the receiver: the part of the key they share.
pub(super) type Thread = Vec<u8>;

/// The delivery of a thread that is next. Small, because there can be thousands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Its key in the outbox.
    pub(super) key: Vec<u8>,
    /// No attempt before this.
    pub(super) due_at: TimestampMs,
    /// The moment it speaks of.
    at: TimestampMs,
    /// It tells of something critical that began.
    is_urgent: bool,
    /// Its send is under way.
    is_sending: bool,
}

impl Head {
    pub(super) fn new(key: Vec<u8>, delivery: &Delivery) -> Self {
        let is_urgent = delivery.action.begins() && delivery.alert.severity == Severity::Critical;
        let (due_at, at) = (delivery.next_attempt_at, delivery.at);
        Self { key, due_at, at, is_urgent, is_sending: false }
    }
}

/// What an attempt says about the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It answered.
    Answered,
    /// It answered, and asks for so many ms of quiet.
    Asked(i64),
    /// It cannot be reached, or failed.
    Failed,
    /// It was not asked.
    Nothing,
}

/// The heads of all threads, and what holds them up.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heads: BTreeMap<Thread, Head>,
    sending: usize,
    /// The receiver asked for quiet until then.
    quiet_until: Option<TimestampMs>,
    breaker: Breaker,
}

impl Queue {
    /// Takes over the heads as they lie in the outbox. A send under way stays one, and a wait that
    /// could not be written is kept.
    pub(super) fn replace(&mut self, mut heads: BTreeMap<Thread, Head>) {
        for (thread, held) in std::mem::take(&mut self.heads) {
            match heads.get_mut(&thread) {
                Some(head) if head.key == held.key => {
                    head.is_sending = held.is_sending;
                    head.due_at = head.due_at.max(held.due_at);
                }
                _ if held.is_sending => drop(heads.insert(thread, held)),
                _ => {}
            }
        }
        self.heads = heads;
    }

    /// The delivery to send now, if any: it counts as sent from here on.
    pub(super) fn next(
        &mut self,
        now: TimestampMs,
        window: &mut Window,
    ) -> Option<(Thread, Vec<u8>)> {
        if self.sending >= SENDS_IN_FLIGHT_MAX || self.free_at(now, window)? > now {
            return None;
        }
        let due = self.heads.iter_mut().filter(|(_, head)| !head.is_sending && head.due_at <= now);
        let (thread, head) = due.min_by_key(|(_, head)| (!head.is_urgent, head.due_at, head.at))?;
        if !window.take(now) {
            return None;
        }
        head.is_sending = true;
        self.sending += 1;
        Some((thread.clone(), head.key.clone()))
    }

    /// Moves on in a thread whose send has ended. `next` is its head now.
    pub(super) fn sent(
        &mut self,
        thread: Thread,
        next: Option<Head>,
        heard: Heard,
        now: TimestampMs,
    ) {
        self.sending = self.sending.saturating_sub(1);
        match next {
            Some(head) => drop(self.heads.insert(thread, head)),
            None => drop(self.heads.remove(&thread)),
        }
        match heard {
            Heard::Answered => self.breaker.answered(),
            Heard::Asked(quiet_ms) => {
                self.breaker.answered();
                self.quiet_until = Some(now.plus_ms(quiet_ms));
            }
            Heard::Failed => self.breaker.failed(now),
            Heard::Nothing => {}
        }
    }

    /// Lets a thread wait, because what became of its send could not be written.
    pub(super) fn put_off(&mut self, thread: &Thread, until: TimestampMs) {
        self.sending = self.sending.saturating_sub(1);
        if let Some(head) = self.heads.get_mut(thread) {
            (head.is_sending, head.due_at) = (false, until);
        }
    }

    /// When the receiver may be asked; `None` when that waits for a send under way.
    fn free_at(&self, now: TimestampMs, window: &mut Window) -> Option<TimestampMs> {
        // A quiet that is longer than could have been asked for comes from a clock set back.
        let is_asked = |until: &TimestampMs| until.since_ms(now) <= RETRY_AFTER_MS_MAX;
        let quiet = self.quiet_until.filter(is_asked);
        let breaker = self.breaker.free_at(self.sending, now)?;
        Some(breaker.max(window.free_at(now)).max(quiet.unwrap_or(now)))
    }

    /// Whether deliveries that are due cannot leave.
    pub(super) fn is_held_up(&self, now: TimestampMs, window: &mut Window) -> bool {
        self.breaker.is_open() || self.free_at(now, window).is_none_or(|free| free > now)
    }

    /// The moment from which something can leave, as far as is known now.
    pub(super) fn wakes_at(&self, now: TimestampMs, window: &mut Window) -> Option<TimestampMs> {
        if self.sending >= SENDS_IN_FLIGHT_MAX {
            return None;
        }
        let waiting = self.heads.values().filter(|head| !head.is_sending);
        let due = waiting.map(|head| head.due_at).min()?;
        Some(due.max(self.free_at(now, window)?))
    }

    /// Threads whose send is under way.
    pub(super) fn sending(&self) -> HashSet<Thread> {
        let sending = self.heads.iter().filter(|(_, head)| head.is_sending);
        sending.map(|(thread, _)| thread.clone()).collect()
    }

    pub(super) const fn breaker(&self) -> &Breaker {
        &self.breaker
    }
}

#[cfg(test)]
mod tests;
