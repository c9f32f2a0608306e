//! Takes one delivery to its receiver: addresses it, sends it, and settles it.

use std::sync::Arc;

use plimsoll_storage::{Order, Table, TableBatch};

use super::board::Board;
use super::queue::{Head, Heard, Thread};
use super::send::Sender;
use super::settle::{self, Made};
use super::thread::{self, Notes};
use super::{Post, board, verdict};
use crate::error::Result;
use crate::limits::SETTLED_PER_COMMIT_MAX;
use crate::records::delivery::{Action, DeadReason, Delivery, DeliveryState};
use crate::records::ledger;
use crate::records::outbox;
use crate::rule::{Receiver, Target};

/// Takes the deliveries of one receiver.
pub(super) struct Courier {
    pub(super) post: Arc<Post>,
    pub(super) receiver: Receiver,
    pub(super) sender: Sender,
    /// The rules file no longer has the receiver: only ends of alerts are told.
    pub(super) is_retired: bool,
}

/// What is left to be known after a delivery was taken on.
pub(super) struct Done {
    /// What is next in its thread.
    pub(super) next: Option<Head>,
    /// What it says about the receiver.
    pub(super) heard: Heard,
}

impl Courier {
    pub(super) fn board(&self) -> &Board {
        &self.post.board
    }

    /// One attempt, and the commit of what became of it.
    pub(super) async fn deliver(&self, thread: &Thread, key: &[u8]) -> Result<Done> {
        let Some(row) = self.post.store.get(Table::Outbox, key)? else {
            return Ok(Done { next: self.next(thread)?, heard: Heard::Nothing });
        };
        let delivery = outbox::decode(&row)?;
        let notes = thread::read(&self.post.store, thread)?;
        let (state, heard) = match self.address(&delivery, &notes) {
            Ok(target) => {
                let made = self.attempt(target, &delivery).await;
                self.note(&made);
                self.settle(thread.clone(), notes, delivery, made).await?
            }
            Err((reason, detail)) => {
                self.give_up(thread, notes, delivery, reason, detail)?;
                (DeliveryState::Dead(reason), Heard::Nothing)
            }
        };
        if let DeliveryState::Dead(reason) = state {
            self.board().update(&self.receiver.name, |status| status.given_up += 1);
            if reason == DeadReason::Disabled {
                self.note_disabled()?;
            }
        }
        Ok(Done { next: self.next(thread)?, heard })
    }

    /// Where a delivery goes. A beginning, or a change, goes to the receiver as it is configured now. What follows
    /// it goes to the target that heard of the beginning, if that can still be reached.
    fn address(
        &self,
        delivery: &Delivery,
        notes: &Notes,
    ) -> Result<&Target, (DeadReason, &'static str)> {
        let told = notes.told.as_ref().unwrap_or(&delivery.fingerprint);
        let begins = matches!(delivery.action, Action::Trigger | Action::Change);
        if !self.is_retired && (begins || *told == self.receiver.fingerprint()) {
            return Ok(&self.receiver.target);
        }
        match (self.post.targets.get(told), delivery.action) {
            (Some(past), _) if !begins => Ok(&past.target),
            (None, Action::Escalate) if !self.is_retired => Ok(&self.receiver.target),
            (None, Action::Resolve | Action::Acknowledge | Action::Update) if !self.is_retired => {
                let detail = "the address or key that got the trigger is no longer where it was read; close it there by hand";
                Err((DeadReason::TargetChanged, detail))
            }
            _ => Err((DeadReason::ReceiverRemoved, "the rules file no longer has it")),
        }
    }

    async fn attempt(&self, target: &Target, delivery: &Delivery) -> Made {
        let began_at = (self.post.now)();
        let sent = self.sender.send(target, &self.receiver.templates, delivery, began_at).await;
        Made {
            sent,
            fingerprint: target.fingerprint(),
            began_at,
            ended_at: (self.post.now)(),
            give_up_after_ms: self.receiver.give_up_after_ms,
        }
    }

    /// Writes what became of the attempt, off the threads that wait for answers.
    async fn settle(
        &self,
        thread: Thread,
        notes: Notes,
        delivery: Delivery,
        made: Made,
    ) -> Result<(DeliveryState, Heard)> {
        let store = Arc::clone(&self.post.store);
        let write = move || settle::settle(&store, &thread, notes, delivery, made);
        match tokio::task::spawn_blocking(write).await {
            Ok(written) => written,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime shuts down; the delivery is still in the outbox.
                Err(_) => Ok((DeliveryState::Waiting, Heard::Nothing)),
            },
        }
    }

    fn give_up(
        &self,
        thread: &Thread,
        notes: Notes,
        delivery: Delivery,
        reason: DeadReason,
        detail: &str,
    ) -> Result<()> {
        let mut batch = TableBatch::default();
        let delivery = Delivery { detail: Some(detail.to_owned()), ..delivery };
        let now = (self.post.now)();
        settle::close(&mut batch, thread, notes, delivery, DeliveryState::Dead(reason), now);
        Ok(self.post.store.commit(batch)?)
    }

    fn next(&self, thread: &Thread) -> Result<Option<Head>> {
        let rows = self.post.store.records(Table::Outbox, thread, None, Order::Ascending, 1)?;
        let Some((key, value)) = rows.into_iter().next() else { return Ok(None) };
        Ok(Some(Head::new(key, &outbox::decode(&value)?)))
    }

    /// Puts the attempt on the board.
    fn note(&self, made: &Made) {
        let error = verdict::error(&made.sent.verdict);
        self.board().update(&self.receiver.name, |status| match error {
            None => {
                status.delivered += 1;
                status.last_success_at = Some(made.ended_at);
            }
            Some(error) => {
                status.failed += 1;
                status.last_failure = Some((made.ended_at, error.to_owned()));
            }
        });
    }

    fn note_disabled(&self) -> Result<()> {
        let mut disabled = board::disabled(&self.post.store)?;
        let reason = disabled.remove(&self.receiver.fingerprint());
        self.board().update(&self.receiver.name, |status| status.disabled = reason);
        Ok(())
    }
}

/// Gives up everything that waits for a receiver.
pub(super) fn give_up_all(
    post: &Post,
    receiver: &str,
    reason: DeadReason,
    detail: &str,
) -> Result<()> {
    let mut waiting = Vec::new();
    outbox::for_each(&post.store, &outbox::lane_prefix(receiver), |(_, value)| {
        waiting.extend(outbox::decode(&value).ok());
    })?;
    for part in waiting.chunks(SETTLED_PER_COMMIT_MAX) {
        let mut batch = TableBatch::default();
        for delivery in part {
            let now = (post.now)();
            ledger::give_up(&mut batch, delivery.clone(), reason, detail.to_owned(), now);
        }
        post.store.commit(batch)?;
    }
    post.board.update(receiver, |status| {
        status.given_up += waiting.len() as u64;
        (status.waiting, status.oldest_at) = (0, None);
    });
    Ok(())
}
