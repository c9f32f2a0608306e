//! After an attempt: one commit that removes the delivery from the outbox or puts it back, with
//! everything that follows from it.

use plimsoll_storage::{Store, TableBatch, TimestampMs};

use super::repeat;
use super::thread::{self, SentMessage, ThreadNotes};
use crate::deliver::exchange::outcome::{AttemptOutcome, AttemptResult};
use crate::deliver::schedule::backoff;
use crate::deliver::schedule::queue::{ReceiverHealth, Thread};
use crate::deliver::status;
use crate::error::Result;
use crate::limits::RETRY_AFTER_MS_MAX;
use crate::records::checkpoint;
use crate::records::delivery::{Action, Attempt, DeadReason, Delivery, DeliveryState};
use crate::records::ledger;
use crate::records::outbox;

/// How long a receiver that answers 429 without `Retry-After` is paused, in milliseconds.
const THROTTLED_MS: i64 = 5_000;

/// An attempt that has ended.
pub(super) struct FinishedAttempt {
    pub(super) result: AttemptResult,
    /// Fingerprint of the target it was sent to.
    pub(super) fingerprint: String,
    /// Whether that target needs open alerts repeated.
    pub(super) takes_repeats: bool,
    pub(super) started_at: TimestampMs,
    pub(super) ended_at: TimestampMs,
    /// [`DeliveryContext::run_ms`](crate::deliver::context::DeliveryContext::run_ms) at its end.
    pub(super) run_ms: i64,
    /// How long the delivery is retried, in ms.
    pub(super) give_up_after_ms: i64,
}

/// Writes the outcome of an attempt. Returns the state of the delivery and what the attempt shows
/// about the receiver.
pub(super) fn record_outcome(
    store: &Store,
    thread: &Thread,
    mut notes: ThreadNotes,
    mut delivery: Delivery,
    attempt: FinishedAttempt,
) -> Result<(DeliveryState, ReceiverHealth)> {
    let now = attempt.ended_at;
    let AttemptResult { outcome, status, message_id } = attempt.result;
    let health = health(&outcome);
    let error = outcome.error().map(str::to_owned);
    let took_ms = now.since_ms(attempt.started_at).max(0);
    delivery.note(Attempt { at: attempt.started_at, took_ms, status, error }, attempt.run_ms);
    let mut batch = TableBatch::default();
    let state = match outcome {
        AttemptOutcome::Delivered => {
            notes.notified =
                (attempt.fingerprint != delivery.fingerprint).then(|| attempt.fingerprint.clone());
            if let Some(id) = message_id.filter(|_| delivery.action != Action::Resolve) {
                let fingerprint = attempt.fingerprint.clone();
                notes.message.get_or_insert(SentMessage { fingerprint, id });
            }
            delivery.fingerprint = attempt.fingerprint;
            repeat::accepted(&mut batch, thread, &delivery, attempt.takes_repeats);
            tracing::info!(
                receiver = delivery.receiver,
                alert = delivery.alert.id,
                action = delivery.action.as_str(),
                attempt = delivery.attempts,
                "a delivery was accepted"
            );
            DeliveryState::Delivered
        }
        AttemptOutcome::Throttled { after_ms, reason }
        | AttemptOutcome::Failed { after_ms, reason } => {
            let first_ms = delivery.first_attempt_run_ms.unwrap_or(attempt.run_ms);
            if attempt.run_ms.saturating_sub(first_ms) < attempt.give_up_after_ms {
                let wait_ms = backoff::wait_ms(&delivery.id, delivery.attempts, after_ms);
                delivery.next_attempt_at = now.plus_ms(wait_ms);
                tracing::warn!(
                    receiver = delivery.receiver,
                    alert = delivery.alert.id,
                    action = delivery.action.as_str(),
                    attempt = delivery.attempts,
                    wait_ms,
                    reason,
                    "a delivery failed and will be tried again"
                );
                outbox::put(&mut batch, &delivery);
                checkpoint::DELIVERY_RUN_MS.put(&mut batch, &attempt.run_ms);
                store.commit(batch)?;
                return Ok((DeliveryState::Waiting, health));
            }
            delivery.detail = Some(format!("tried in vain for too long; at last: {reason}"));
            DeliveryState::Dead(DeadReason::Expired)
        }
        AttemptOutcome::Rejected { reason } => {
            delivery.detail = Some(reason);
            DeliveryState::Dead(DeadReason::Refused)
        }
        AttemptOutcome::Gone { reason } => {
            status::disable(&mut batch, &attempt.fingerprint, &reason);
            delivery.detail = Some(reason);
            DeliveryState::Dead(DeadReason::Disabled)
        }
    };
    close(&mut batch, thread, notes, delivery, state, now);
    store.commit(batch)?;
    Ok((state, health))
}

/// Moves a delivery from the outbox to the ledger. A resolve is also sent to the receiver that the
/// thread was handed over to, if any.
pub(super) fn close(
    batch: &mut TableBatch,
    thread: &Thread,
    notes: ThreadNotes,
    delivery: Delivery,
    state: DeliveryState,
    now: TimestampMs,
) {
    match delivery.action {
        // The last delivery of its thread.
        Action::Change => thread::write(batch, thread, &ThreadNotes::default()),
        Action::Resolve => {
            let handed_to = notes.handed_to.filter(|_| delivery.handed_to.is_none());
            if let Some((to, fingerprint)) = handed_to {
                outbox::put(batch, &delivery.for_other(to, fingerprint));
            }
            thread::write(batch, thread, &ThreadNotes::default());
            repeat::forget(batch, thread);
        }
        _ => thread::write(batch, thread, &notes),
    }
    match state {
        DeliveryState::Dead(reason) => {
            let detail = delivery.detail.clone().unwrap_or_default();
            ledger::give_up(batch, delivery, reason, detail, now);
        }
        _ => ledger::close(batch, delivery, state, now),
    }
}

/// What an attempt shows about the receiver.
fn health(outcome: &AttemptOutcome) -> ReceiverHealth {
    match outcome {
        AttemptOutcome::Throttled { after_ms, .. } => {
            let pause_ms = after_ms.unwrap_or(THROTTLED_MS).clamp(0, RETRY_AFTER_MS_MAX);
            ReceiverHealth::Throttled(pause_ms)
        }
        AttemptOutcome::Failed { .. } => ReceiverHealth::Failed,
        AttemptOutcome::Delivered
        | AttemptOutcome::Rejected { .. }
        | AttemptOutcome::Gone { .. } => ReceiverHealth::Answered,
    }
}
