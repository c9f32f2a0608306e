//! Sends one delivery: finds its target, makes the attempt and records the outcome.

use std::sync::Arc;

use plimsoll_storage::{Order, Table, TableBatch};

use super::record_outcome::{self, FinishedAttempt};
use super::thread::{self, ThreadNotes};
use crate::deliver::context::DeliveryContext;
use crate::deliver::schedule::queue::{Head, ReceiverHealth, Thread};
use crate::deliver::status;
use crate::deliver::transport::Transport;
use crate::error::Result;
use crate::limits::OUTCOMES_PER_COMMIT_MAX;
use crate::records::delivery::{Action, DeadReason, Delivery, DeliveryState};
use crate::records::ledger;
use crate::records::outbox;
use crate::rule::{Receiver, Target};

/// Why the trigger's target cannot be reached for what follows it.
const TARGET_CHANGED: &str = "the address or key that got the trigger is no longer where it was read; close it there by hand";

/// Why a former receiver gets no triggers.
const RECEIVER_REMOVED: &str = "the rules file no longer has it";

/// Sends the deliveries of one receiver.
pub(in crate::deliver) struct Sender {
    pub(in crate::deliver) context: Arc<DeliveryContext>,
    pub(in crate::deliver) receiver: Receiver,
    pub(in crate::deliver) transport: Transport,
    /// The rules file no longer has the receiver: only open alerts are resolved there.
    pub(in crate::deliver) is_former: bool,
}

/// What follows from a delivery that was processed.
pub(super) struct Delivered {
    /// The next delivery of its thread.
    pub(super) next: Option<Head>,
    /// What the attempt shows about the receiver.
    pub(super) health: ReceiverHealth,
}

impl Sender {
    /// Makes one attempt and commits its outcome.
    pub(super) async fn deliver(&self, thread: &Thread, key: &[u8]) -> Result<Delivered> {
        let Some(row) = self.context.store.get(Table::Outbox, key)? else {
            return Ok(Delivered { next: self.next(thread)?, health: ReceiverHealth::Unknown });
        };
        let delivery = outbox::decode(&row)?;
        let notes = thread::read(&self.context.store, thread)?;
        let (state, health) = match self.target_of(&delivery, &notes) {
            Ok(target) => {
                let attempt = self.attempt(target, &delivery, &notes).await;
                self.update_status(&attempt);
                self.record_outcome(thread.clone(), notes, delivery, attempt).await?
            }
            Err((reason, detail)) => {
                self.give_up(thread, notes, delivery, reason, detail)?;
                (DeliveryState::Dead(reason), ReceiverHealth::Unknown)
            }
        };
        if let DeliveryState::Dead(reason) = state {
            let context = &self.context;
            context.status.update(&self.receiver.name, |status| status.given_up += 1);
            if reason == DeadReason::Disabled {
                self.update_disabled()?;
            }
        }
        Ok(Delivered { next: self.next(thread)?, health })
    }

    /// The target of a delivery. A trigger or change goes to the receiver as it is configured now.
    /// What follows it goes to the target that got the trigger, if that can still be reached.
    fn target_of(
        &self,
        delivery: &Delivery,
        notes: &ThreadNotes,
    ) -> Result<&Target, (DeadReason, &'static str)> {
        let notified = notes.notified.as_ref().unwrap_or(&delivery.fingerprint);
        let begins = matches!(delivery.action, Action::Trigger | Action::Change);
        if !self.is_former && (begins || *notified == self.receiver.fingerprint()) {
            return Ok(&self.receiver.target);
        }
        match (self.context.targets.get(notified), delivery.action) {
            (Some(former), _) if !begins => Ok(&former.target),
            (None, Action::Escalate) if !self.is_former => Ok(&self.receiver.target),
            (None, Action::Resolve | Action::Acknowledge | Action::Update) if !self.is_former => {
                Err((DeadReason::TargetChanged, TARGET_CHANGED))
            }
            _ => Err((DeadReason::ReceiverRemoved, RECEIVER_REMOVED)),
        }
    }

    /// The target of a fingerprint; `None` when it cannot be reached any more.
    pub(super) fn target(&self, fingerprint: &str) -> Option<&Target> {
        if !self.is_former && self.receiver.fingerprint() == fingerprint {
            return Some(&self.receiver.target);
        }
        self.context.targets.get(fingerprint).map(|former| &former.target)
    }

    async fn attempt(
        &self,
        target: &Target,
        delivery: &Delivery,
        notes: &ThreadNotes,
    ) -> FinishedAttempt {
        let (started_at, fingerprint) = (self.context.now(), target.fingerprint());
        let (templates, reply_to) = (&self.receiver.templates, notes.reply_to(&fingerprint));
        let result = self.transport.send(target, delivery, templates, started_at, reply_to).await;
        FinishedAttempt {
            result,
            fingerprint,
            takes_repeats: target.takes_repeats(),
            started_at,
            ended_at: self.context.now(),
            run_ms: self.context.run_ms(),
            give_up_after_ms: self.receiver.give_up_after_ms,
        }
    }

    /// Writes the outcome on a blocking thread, so that other sends are not delayed.
    async fn record_outcome(
        &self,
        thread: Thread,
        notes: ThreadNotes,
        delivery: Delivery,
        attempt: FinishedAttempt,
    ) -> Result<(DeliveryState, ReceiverHealth)> {
        let store = Arc::clone(&self.context.store);
        let write =
            move || record_outcome::record_outcome(&store, &thread, notes, delivery, attempt);
        match tokio::task::spawn_blocking(write).await {
            Ok(written) => written,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime shuts down; the delivery is still in the outbox.
                Err(_) => Ok((DeliveryState::Waiting, ReceiverHealth::Unknown)),
            },
        }
    }

    fn give_up(
        &self,
        thread: &Thread,
        notes: ThreadNotes,
        delivery: Delivery,
        reason: DeadReason,
        detail: &str,
    ) -> Result<()> {
        let mut batch = TableBatch::default();
        let delivery = Delivery { detail: Some(detail.to_owned()), ..delivery };
        let (state, now) = (DeliveryState::Dead(reason), self.context.now());
        record_outcome::close(&mut batch, thread, notes, delivery, state, now);
        Ok(self.context.store.commit(batch)?)
    }

    fn next(&self, thread: &Thread) -> Result<Option<Head>> {
        let store = &self.context.store;
        let rows = store.records(Table::Outbox, thread, None, Order::Ascending, 1)?;
        let Some((key, value)) = rows.into_iter().next() else { return Ok(None) };
        Ok(Some(Head::new(key, &outbox::decode(&value)?)))
    }

    fn update_status(&self, attempt: &FinishedAttempt) {
        let error = attempt.result.outcome.error();
        self.context.status.update(&self.receiver.name, |status| match error {
            None => {
                status.delivered += 1;
                status.last_success_at = Some(attempt.ended_at);
            }
            Some(error) => {
                status.failed += 1;
                status.last_failure = Some((attempt.ended_at, error.to_owned()));
            }
        });
    }

    fn update_disabled(&self) -> Result<()> {
        let mut disabled = status::disabled(&self.context.store)?;
        let reason = disabled.remove(&self.receiver.fingerprint());
        self.context.status.update(&self.receiver.name, |status| status.disabled = reason);
        Ok(())
    }
}

/// Gives up everything that waits for a receiver.
pub(in crate::deliver) fn give_up_all(
    context: &DeliveryContext,
    receiver: &str,
    reason: DeadReason,
    detail: &str,
) -> Result<()> {
    let mut waiting = Vec::new();
    outbox::for_each(&context.store, &outbox::lane_prefix(receiver), |(_, value)| {
        waiting.extend(outbox::decode(&value).ok());
    })?;
    for part in waiting.chunks(OUTCOMES_PER_COMMIT_MAX) {
        let (mut batch, now) = (TableBatch::default(), context.now());
        for delivery in part {
            ledger::give_up(&mut batch, delivery.clone(), reason, detail.to_owned(), now);
        }
        context.store.commit(batch)?;
    }
    context.status.update(receiver, |status| {
        status.given_up += waiting.len() as u64;
        (status.waiting, status.oldest_at) = (0, None);
    });
    Ok(())
}
