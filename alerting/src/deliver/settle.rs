//! After an attempt: the notification leaves the outbox or is put back, in one commit.

use plimsoll_storage::{Store, Table, TableBatch, TimestampMs};

use super::backoff;
use super::verdict::Verdict;
use crate::error::Result;
use crate::ledger::{self, DeadReason};
use crate::outbox::{self, Notice};

/// What became of an attempt.
pub(super) enum Outcome {
    /// It was made; `fingerprint` is the target it went to.
    Attempted { verdict: Verdict, fingerprint: String },
    /// It was not made, because the target is no longer the one that got the trigger.
    TargetChanged,
}

/// Writes what became of a notification. `now` is the end of the attempt.
pub(super) fn settle(
    store: &Store,
    mut notice: Notice,
    outcome: Outcome,
    now: TimestampMs,
) -> Result<()> {
    let mut batch = TableBatch::default();
    let key = notice.key();
    match outcome {
        Outcome::Attempted { verdict: Verdict::Delivered, fingerprint } => {
            notice.attempts = notice.attempts.saturating_add(1);
            log(&notice, "delivered");
            batch.delete(Table::Outbox, &key);
            ledger::delivered(&mut batch, &notice, fingerprint, now);
        }
        Outcome::Attempted { verdict: Verdict::Retry { after_ms, reason }, .. } => {
            notice.attempts = notice.attempts.saturating_add(1);
            let wait_ms = backoff::wait_ms(&notice.id, notice.attempts, after_ms);
            notice.next_attempt_at = now.plus_ms(wait_ms);
            log(&notice, &format!("will be tried again in {wait_ms} ms: {reason}"));
            notice.last_error = Some(reason);
            outbox::put(&mut batch, &notice);
        }
        Outcome::Attempted { verdict: Verdict::Final { reason }, .. } => {
            notice.attempts = notice.attempts.saturating_add(1);
            give_up(&mut batch, &key, notice, DeadReason::Refused, reason, now);
        }
        Outcome::TargetChanged => {
            let reason = "the receiver's address or key is not the one that got the trigger";
            give_up(&mut batch, &key, notice, DeadReason::TargetChanged, reason.into(), now);
        }
    }
    store.commit(batch).map_err(Into::into)
}

fn give_up(
    batch: &mut TableBatch,
    key: &[u8],
    mut notice: Notice,
    reason: DeadReason,
    detail: String,
    now: TimestampMs,
) {
    tracing::error!(
        receiver = notice.receiver,
        alert = notice.alert.id,
        action = notice.action.as_str(),
        attempt = notice.attempts,
        detail,
        "a notification was given up"
    );
    notice.last_error = Some(detail.clone());
    batch.delete(Table::Outbox, key);
    ledger::gave_up(batch, notice, reason, detail, now);
}

fn log(notice: &Notice, outcome: &str) {
    tracing::info!(
        receiver = notice.receiver,
        alert = notice.alert.id,
        action = notice.action.as_str(),
        attempt = notice.attempts,
        outcome,
        "a notification was sent"
    );
}
