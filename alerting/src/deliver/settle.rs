//! After an attempt: the delivery leaves the outbox or is put back, with everything that follows
//! from it, in one commit.

use plimsoll_storage::{Store, TableBatch, TimestampMs};

use super::queue::{Heard, Thread};
use super::send::Sent;
use super::thread::{self, Notes};
use super::verdict::{self, Verdict};
use super::{backoff, board};
use crate::error::Result;
use crate::limits::RETRY_AFTER_MS_MAX;
use crate::records::delivery::{Action, Attempt, DeadReason, Delivery, DeliveryState};
use crate::records::{ledger, outbox};

/// How long a receiver that answers 429 without saying how long is left alone, in milliseconds.
const THROTTLED_MS: i64 = 5_000;

/// An attempt that was made.
pub(super) struct Made {
    pub(super) sent: Sent,
    /// The target it went to.
    pub(super) fingerprint: String,
    /// When it began and ended.
    pub(super) began_at: TimestampMs,
    pub(super) ended_at: TimestampMs,
    /// How long the delivery is tried, in ms.
    pub(super) give_up_after_ms: i64,
}

/// Writes what became of an attempt; answers the delivery as it stands now, and what the attempt
/// says about the receiver.
pub(super) fn settle(
    store: &Store,
    thread: &Thread,
    mut notes: Notes,
    mut delivery: Delivery,
    made: Made,
) -> Result<(DeliveryState, Heard)> {
    let now = made.ended_at;
    let heard = heard(&made.sent.verdict);
    let error = verdict::error(&made.sent.verdict).map(str::to_owned);
    let took_ms = now.since_ms(made.began_at).max(0);
    delivery.note(Attempt { at: made.began_at, took_ms, status: made.sent.status, error });
    let mut batch = TableBatch::default();
    let state = match made.sent.verdict {
        Verdict::Delivered => {
            notes.told =
                (made.fingerprint != delivery.fingerprint).then(|| made.fingerprint.clone());
            delivery.fingerprint = made.fingerprint;
            log(&delivery, "delivered");
            DeliveryState::Delivered
        }
        Verdict::Throttled { after_ms, reason } | Verdict::Failed { after_ms, reason } => {
            let first = delivery.first_attempt_at.unwrap_or(now);
            if now.since_ms(first) < made.give_up_after_ms {
                let wait_ms = backoff::wait_ms(&delivery.id, delivery.attempts, after_ms);
                delivery.next_attempt_at = now.plus_ms(wait_ms);
                log(&delivery, &format!("will be tried again in {wait_ms} ms: {reason}"));
                outbox::put(&mut batch, &delivery);
                store.commit(batch)?;
                return Ok((DeliveryState::Waiting, heard));
            }
            delivery.detail = Some(format!("tried in vain for too long; at last: {reason}"));
            DeliveryState::Dead(DeadReason::Expired)
        }
        Verdict::Refused { reason } => {
            delivery.detail = Some(reason);
            DeliveryState::Dead(DeadReason::Refused)
        }
        Verdict::Gone { reason } => {
            board::disable(&mut batch, &made.fingerprint, &reason);
            delivery.detail = Some(reason);
            DeliveryState::Dead(DeadReason::Disabled)
        }
    };
    close(&mut batch, thread, notes, delivery, state, now);
    store.commit(batch)?;
    Ok((state, heard))
}

/// Settles a delivery for good. The end of an alert is also told to the receiver that took the place
/// of this one, if one did.
pub(super) fn close(
    batch: &mut TableBatch,
    thread: &Thread,
    notes: Notes,
    delivery: Delivery,
    state: DeliveryState,
    now: TimestampMs,
) {
    if delivery.action == Action::Change {
        // Nothing follows it.
        thread::write(batch, thread, &Notes::default());
    } else if delivery.action == Action::Resolve {
        if let Some((to, fingerprint)) = notes.handed_to.filter(|_| delivery.handed_to.is_none()) {
            outbox::put(batch, &delivery.for_other(to, fingerprint));
        }
        thread::write(batch, thread, &Notes::default());
    } else {
        thread::write(batch, thread, &notes);
    }
    match state {
        DeliveryState::Dead(reason) => {
            let detail = delivery.detail.clone().unwrap_or_default();
            ledger::give_up(batch, delivery, reason, detail, now);
        }
        _ => ledger::settle(batch, delivery, state, now),
    }
}

/// What an attempt says about the receiver.
fn heard(verdict: &Verdict) -> Heard {
    match verdict {
        Verdict::Throttled { after_ms, .. } => {
            Heard::Asked(after_ms.unwrap_or(THROTTLED_MS).clamp(0, RETRY_AFTER_MS_MAX))
        }
        Verdict::Failed { .. } => Heard::Failed,
        Verdict::Delivered | Verdict::Refused { .. } | Verdict::Gone { .. } => Heard::Answered,
    }
}

fn log(delivery: &Delivery, outcome: &str) {
    tracing::info!(
        receiver = delivery.receiver,
        alert = delivery.alert.id,
        action = delivery.action.as_str(),
        attempt = delivery.attempts,
        outcome,
        "a delivery was attempted"
    );
}
