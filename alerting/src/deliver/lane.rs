//! The lane of one receiver: picks what is due, keeps a bounded number of sends under way, and
//! never lets a notification overtake an earlier one of the same alert.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_storage::{Order, Store, Table, TimestampMs};
use reqwest::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::http::{self, Request};
use super::settle::{self, Outcome};
use super::verdict::Verdict;
use super::{Clock, Pulse, pagerduty, webhook};
use crate::error::Result;
use crate::limits::{LANE_POLL_MS, SENDS_IN_FLIGHT_MAX};
use crate::outbox::{self, Action, Notice};
use crate::rule::{Receiver, Target};

/// A thread is the notifications of one alert to the receiver: the part of the key they share.
type Thread = Vec<u8>;

/// The notification of a thread that is next.
#[derive(Debug, Clone)]
struct Head {
    notice: Notice,
    due_at: TimestampMs,
    /// Its send is under way.
    sending: bool,
}

/// Everything a send needs.
struct Courier {
    store: Arc<Store>,
    receiver: Receiver,
    client: Client,
    now: Clock,
}

/// The lane of one receiver.
pub(super) struct Lane {
    courier: Arc<Courier>,
    pulse: watch::Receiver<Pulse>,
    heads: BTreeMap<Thread, Head>,
}

impl Lane {
    pub(super) fn new(
        store: Arc<Store>,
        receiver: Receiver,
        client: Client,
        now: Clock,
        pulse: watch::Receiver<Pulse>,
    ) -> Self {
        let courier = Arc::new(Courier { store, receiver, client, now });
        Self { courier, pulse, heads: BTreeMap::new() }
    }

    /// Delivers until it is told to stop, then waits for sends under way.
    pub(super) async fn run(mut self) {
        let mut sends = JoinSet::new();
        self.refresh();
        while !self.pulse.borrow().stop {
            self.launch(&mut sends);
            let wait = self.wait(sends.len());
            tokio::select! {
                changed = self.pulse.changed() => match changed {
                    Ok(()) => self.refresh(),
                    // The notifier is gone, and with it whoever could say stop.
                    Err(_) => break,
                },
                Some(done) = sends.join_next(), if !sends.is_empty() => self.settled(done),
                () = tokio::time::sleep(wait) => self.refresh(),
            }
        }
        while sends.join_next().await.is_some() {}
    }

    /// Looks at the whole outbox of the receiver for the first notification of each thread.
    fn refresh(&mut self) {
        let mut heads: BTreeMap<Thread, Head> = BTreeMap::new();
        let prefix = outbox::lane_prefix(&self.courier.receiver.name);
        let read = outbox::for_each(&self.courier.store, &prefix, |(key, value)| {
            let thread = outbox::thread_of(&key);
            if !heads.contains_key(thread)
                && let Some(head) = head(&value)
            {
                heads.insert(thread.to_vec(), head);
            }
        });
        if let Err(error) = read {
            self.complain(&error);
            return;
        }
        // A send under way stays one. And a wait that could not be written is kept nevertheless.
        for (thread, held) in &self.heads {
            match heads.get_mut(thread) {
                Some(head) if head.notice.id == held.notice.id => {
                    head.sending = held.sending;
                    head.due_at = head.due_at.max(held.due_at);
                }
                _ if held.sending => {
                    heads.insert(thread.clone(), held.clone());
                }
                _ => {}
            }
        }
        self.heads = heads;
    }

    /// Starts what is due, the longest waiting first.
    fn launch(&mut self, sends: &mut JoinSet<(Thread, Result<()>)>) {
        let now = (self.courier.now)();
        let free = SENDS_IN_FLIGHT_MAX.saturating_sub(sends.len());
        let mut due: Vec<(&Thread, &mut Head)> =
            self.heads.iter_mut().filter(|(_, head)| !head.sending && head.due_at <= now).collect();
        due.sort_by_key(|(_, head)| (head.due_at, head.notice.at));
        for (thread, head) in due.into_iter().take(free) {
            head.sending = true;
            let (courier, thread) = (Arc::clone(&self.courier), thread.clone());
            let notice = head.notice.clone();
            sends.spawn(async move { (thread, courier.deliver(notice).await) });
        }
    }

    /// Moves on in the thread whose send has ended.
    fn settled(&mut self, done: Result<(Thread, Result<()>), tokio::task::JoinError>) {
        let (thread, written) = match done {
            Ok(done) => done,
            Err(error) => {
                // Which thread it was is not known: let the next look at the outbox find out.
                tracing::error!(%error, receiver = self.courier.receiver.name, "a send ended badly");
                self.heads.clear();
                return;
            }
        };
        if let Err(error) = written {
            // What was delivered may be delivered again, but not in a tight loop.
            self.complain(&error);
            let retry_at = (self.courier.now)().plus_ms(LANE_POLL_MS);
            if let Some(head) = self.heads.get_mut(&thread) {
                (head.sending, head.due_at) = (false, retry_at);
            }
            return;
        }
        self.heads.remove(&thread);
        match self.courier.store.records(Table::Outbox, &thread, None, Order::Ascending, 1) {
            Ok(rows) => {
                if let Some(head) = rows.first().and_then(|(_, value)| head(value)) {
                    self.heads.insert(thread, head);
                }
            }
            Err(error) => self.complain(&error.into()),
        }
    }

    /// How long there is nothing to start, as far as is known.
    fn wait(&self, sending: usize) -> Duration {
        let now = (self.courier.now)();
        let waiting = self.heads.values().filter(|head| !head.sending);
        let next = waiting.map(|head| head.due_at.since_ms(now)).min();
        let wait_ms = match next {
            Some(next) if sending < SENDS_IN_FLIGHT_MAX => next.clamp(1, LANE_POLL_MS),
            _ => LANE_POLL_MS,
        };
        Duration::from_millis(wait_ms.unsigned_abs())
    }

    fn complain(&self, error: &crate::Error) {
        tracing::error!(%error, receiver = self.courier.receiver.name, "the outbox failed");
    }
}

/// A row of the outbox as head of its thread. A row that cannot be read, such as one of a newer
/// version, is left where it is, and those after it go on.
fn head(value: &[u8]) -> Option<Head> {
    match outbox::decode(value) {
        Ok(notice) => Some(Head { due_at: notice.next_attempt_at, notice, sending: false }),
        Err(error) => {
            tracing::error!(%error, "a notification is left in the outbox");
            None
        }
    }
}

impl Courier {
    /// One attempt, and the commit of what became of it.
    async fn deliver(&self, notice: Notice) -> Result<()> {
        let fingerprint = self.receiver.fingerprint();
        let outcome = if notice.action == Action::Resolve && notice.fingerprint != fingerprint {
            Outcome::TargetChanged
        } else {
            Outcome::Attempted { verdict: self.attempt(&notice).await, fingerprint }
        };
        let (store, now) = (Arc::clone(&self.store), (self.now)());
        let write = move || settle::settle(&store, notice, outcome, now);
        match tokio::task::spawn_blocking(write).await {
            Ok(written) => written,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime shuts down; the notification is still in the outbox.
                Err(_) => Ok(()),
            },
        }
    }

    async fn attempt(&self, notice: &Notice) -> Verdict {
        let now = (self.now)();
        match http::exchange(&self.client, self.request(notice, now), now).await {
            Ok(answer) => self.redacted(match self.receiver.target {
                Target::PagerDuty { .. } => pagerduty::classify(&answer),
                Target::Webhook { .. } => webhook::classify(&answer),
            }),
            Err(reason) => self.redacted(Verdict::Retry { after_ms: None, reason }),
        }
    }

    fn request(&self, notice: &Notice, now: TimestampMs) -> Request {
        match &self.receiver.target {
            Target::PagerDuty { url, routing_key } => {
                pagerduty::request(url, routing_key, notice, now)
            }
            Target::Webhook { url, secret } => webhook::request(url, secret.as_ref(), notice, now),
        }
    }

    /// A receiver may repeat our secret in its answer; it must not get into logs and rows.
    fn redacted(&self, verdict: Verdict) -> Verdict {
        let secret = match &self.receiver.target {
            Target::PagerDuty { routing_key, .. } => Some(routing_key),
            Target::Webhook { secret, .. } => secret.as_ref(),
        };
        let clean = |reason: String| match secret {
            Some(secret) => reason.replace(secret.expose(), "***"),
            None => reason,
        };
        match verdict {
            Verdict::Delivered => Verdict::Delivered,
            Verdict::Retry { after_ms, reason } => {
                Verdict::Retry { after_ms, reason: clean(reason) }
            }
            Verdict::Final { reason } => Verdict::Final { reason: clean(reason) },
        }
    }
}
