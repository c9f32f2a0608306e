//! What others may ask of the notifier: how receivers are doing, a test, a replay.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use plimsoll_storage::{TableBatch, TimestampMs};

use super::send::Sender;
use super::{Post, ReceiverStatus, Waker, board, pagerduty_webhook, verdict};
use crate::error::Result;
use crate::page::Page;
use crate::records::acknowledgement::{self, AcknowledgeResult, Acknowledgement};
use crate::records::alerts::Alert;
use crate::records::delivery::{Action, Delivery, NotificationRecord};
use crate::records::ledger::{self, DeliveryFilter, ReplayError};
use crate::rule::Receiver;

/// What stands for the rule of alerts that only test a receiver.
const TEST_RULE: &str = "notice:receiver-test";

/// The front of a [`Notifier`](super::Notifier).
#[derive(Clone)]
pub struct Desk {
    post: Arc<Post>,
    waker: Waker,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// What came of one message of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// What it said.
    pub action: Action,
    /// The HTTP or SMTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long it took, in ms.
    pub took_ms: i64,
    /// Why it did not arrive; `None` when it did.
    pub error: Option<String>,
}

/// Why a delivery was not replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayRefusal {
    /// There is no delivery of that id.
    Unknown,
    /// The rules file does not have its receiver.
    NoReceiver(String),
    /// The delivery itself rules it out.
    Delivery(ReplayError),
}

/// Why a webhook was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// It is not signed with the secret of any receiver.
    Unsigned,
    /// It cannot be read, and why.
    Malformed(String),
}

impl Desk {
    pub(super) const fn new(post: Arc<Post>, waker: Waker) -> Self {
        Self { post, waker }
    }

    /// Wakes the notifier: the outbox may have new entries.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// How every receiver of the rules file is doing, by name.
    #[must_use]
    pub fn receivers(&self) -> BTreeMap<String, ReceiverStatus> {
        self.post.board.read()
    }

    /// Sends a receiver the beginning and the end of an alert that says that it is a test. A receiver
    /// that had wanted nothing any more is served again when it takes both. `None` when there is no
    /// such receiver.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up, or the store cannot be written.
    pub async fn test(&self, name: &str) -> Result<Option<Vec<TestResult>>> {
        let receiver = self.post.receivers.iter().find(|receiver| receiver.name == name);
        let Some(receiver) = receiver else { return Ok(None) };
        let now = || (self.post.now)();
        let results = test_receiver(receiver, self.post.allow_private, &now).await?;
        if results.iter().all(|result| result.error.is_none())
            && self.post.board.disabled(name).is_some()
        {
            let mut batch = TableBatch::default();
            board::enable(&mut batch, &receiver.fingerprint());
            self.post.store.commit(batch)?;
            self.post.board.update(name, |status| status.disabled = None);
        }
        Ok(Some(results))
    }

    /// Notes that someone takes care of an alert, and tells each PagerDuty that was told of it.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn acknowledge(&self, alert_id: &str, author: &str) -> Result<AcknowledgeResult> {
        self.take_over(alert_id, author, None)
    }

    /// Takes a webhook of PagerDuty: `signature` is its header, `body` as it was sent. An incident that
    /// is acknowledged there is acknowledged here. `None` when it is about something else, or about
    /// no message that is open.
    ///
    /// # Errors
    /// When the store cannot be read or written. The inner error says why it is not taken.
    pub fn hear_pagerduty(
        &self,
        signature: &str,
        body: &[u8],
    ) -> Result<Result<Option<AcknowledgeResult>, WebhookRefusal>> {
        let Some(receiver) = pagerduty_webhook::signer(&self.post.receivers, signature, body)
        else {
            return Ok(Err(WebhookRefusal::Unsigned));
        };
        let heard = match pagerduty_webhook::read(body) {
            Ok(heard) => heard,
            Err(error) => return Ok(Err(WebhookRefusal::Malformed(error))),
        };
        let Some(heard) = heard else { return Ok(Ok(None)) };
        let id = acknowledgement::speaker_of(&self.post.store, &heard.dedup_key)?;
        let Some(id) = id else { return Ok(Ok(None)) };
        Ok(Ok(Some(self.take_over(&id, &heard.author, Some(receiver.name.clone()))?)))
    }

    fn take_over(
        &self,
        id: &str,
        author: &str,
        by_receiver: Option<String>,
    ) -> Result<AcknowledgeResult> {
        let said =
            Acknowledgement { at: (self.post.now)(), author: author.to_owned(), by_receiver };
        let outcome =
            acknowledgement::acknowledge(&self.post.store, &self.post.receivers, id, &said)?;
        self.waker.wake();
        Ok(outcome)
    }

    /// Puts a dead letter back into the outbox; see [`ledger::replay`].
    ///
    /// # Errors
    /// When the store cannot be read or written. The inner error says why it must stay.
    pub fn replay(&self, id: &str, dry_run: bool) -> Result<Result<Delivery, ReplayRefusal>> {
        let store = &self.post.store;
        let Some(delivery) = ledger::get(store, id)? else {
            return Ok(Err(ReplayRefusal::Unknown));
        };
        let receiver = self.post.receivers.iter().find(|it| it.name == delivery.receiver);
        let Some(receiver) = receiver else {
            return Ok(Err(ReplayRefusal::NoReceiver(delivery.receiver)));
        };
        let replayed = ledger::replay(store, &delivery, receiver, dry_run)?;
        self.waker.wake();
        Ok(replayed.map_err(ReplayRefusal::Delivery))
    }

    /// Removes dead letters; see [`ledger::purge`].
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn purge(&self, filter: &DeliveryFilter, dry_run: bool) -> Result<Vec<Delivery>> {
        ledger::purge(&self.post.store, filter, dry_run)
    }
}

/// Sends a receiver the beginning and the end of an alert that says that it is a test. The end is not
/// sent when the beginning did not arrive.
///
/// # Errors
/// When the HTTP client cannot be set up, or the receiver may not be contacted.
pub async fn test_receiver(
    receiver: &Receiver,
    allow_private: bool,
    now: &(dyn Fn() -> TimestampMs + Send + Sync),
) -> Result<Vec<TestResult>> {
    super::check_address(receiver, allow_private)?;
    let sender = Sender::new(allow_private)?;
    let alert = test_alert(receiver, now());
    let mut results = Vec::new();
    for action in [Action::Trigger, Action::Resolve] {
        let (name, fingerprint) = (receiver.name.clone(), receiver.fingerprint());
        let began_at = now();
        let (group, alert) = (TEST_RULE.to_owned(), alert.clone());
        let said = NotificationRecord { action, at: began_at, group, alert, page: Page::default() };
        let delivery = Delivery::new(name, fingerprint, said);
        let sent = sender.send(&receiver.target, &receiver.templates, &delivery, began_at).await;
        let error = verdict::error(&sent.verdict).map(str::to_owned);
        let is_over = error.is_some();
        let took_ms = now().since_ms(began_at).max(0);
        results.push(TestResult { action, status: sent.status, took_ms, error });
        if is_over {
            break;
        }
    }
    Ok(results)
}

fn test_alert(receiver: &Receiver, now: TimestampMs) -> Alert {
    let line = format!("Test of the receiver {}: nothing is wrong", receiver.name);
    let notice = Alert::notice(TEST_RULE.to_owned(), line, now);
    let (owner, runbook) = ("whoever asked for this test".to_owned(), "outbox-stuck".to_owned());
    Alert { owner, runbook, ..notice }
}
