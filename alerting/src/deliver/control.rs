//! What the API and the command line ask of the notifier: status, tests, acknowledgements, replays.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use plimsoll_storage::{TableBatch, TimestampMs};

use super::context::{DeliveryContext, Waker, check_address};
use super::status::{self, ReceiverStatus};
use super::transport::Transport;
use crate::deliver::acknowledge::{self, AcknowledgeResult, pagerduty_webhook};
use crate::error::Result;
use crate::message::samples::{self, Cause};
use crate::records::acknowledgement::Acknowledgement;
use crate::records::delivery::{Action, Delivery};
use crate::records::ledger::{self, DeliveryFilter, FoundDeliveries, ReplayError};
use crate::records::outbox;
use crate::rule::Receiver;

/// Held from the look for an earlier acknowledgement to the commit of this one, so that only one of several
/// at the same time is sent. It is that of the process: while rules change there are two notifiers.
static ACKNOWLEDGING: Mutex<()> = Mutex::new(());

/// A handle to a [`Notifier`](super::Notifier).
#[derive(Clone)]
pub struct DeliveryControl {
    context: Arc<DeliveryContext>,
    waker: Waker,
}

impl fmt::Debug for DeliveryControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryControl").finish_non_exhaustive()
    }
}

/// The result of one message of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The action of the message.
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
pub enum ReplayDenied {
    /// There is no delivery of that id.
    Unknown,
    /// The rules file does not have its receiver.
    NoReceiver(String),
    /// The delivery itself cannot be replayed.
    Delivery(ReplayError),
}

/// Why a webhook was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookError {
    /// It is not signed with the secret of any receiver.
    Unsigned,
    /// It cannot be parsed, and why.
    Malformed(String),
}

impl DeliveryControl {
    pub(super) const fn new(context: Arc<DeliveryContext>, waker: Waker) -> Self {
        Self { context, waker }
    }

    /// Wakes the notifier: the outbox may have new entries.
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// The status of every receiver of the rules file, by name.
    #[must_use]
    pub fn receivers(&self) -> BTreeMap<String, ReceiverStatus> {
        self.context.status.read()
    }

    /// A receiver of the rules file.
    #[must_use]
    pub fn receiver(&self, name: &str) -> Option<&Receiver> {
        self.context.receiver(name)
    }

    /// Queues the trigger of a drill, and its resolve after it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn send_drill(&self, trigger: &Delivery) -> Result<()> {
        let mut batch = TableBatch::default();
        outbox::put(&mut batch, trigger);
        outbox::put(&mut batch, &trigger.resolve());
        self.context.store.commit(batch)?;
        self.waker.wake();
        Ok(())
    }

    /// Sends a receiver the trigger and the resolve of a test alert. A disabled receiver is enabled
    /// again when both arrive. `None` when there is no such receiver.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up, or the store cannot be written.
    pub async fn test(&self, name: &str) -> Result<Option<Vec<TestResult>>> {
        let context = &self.context;
        let Some(receiver) = context.receiver(name) else { return Ok(None) };
        let now = || context.now();
        let results = test_receiver(receiver, Cause::Test, "", context.allow_private, &now).await?;
        if results.iter().all(|result| result.error.is_none())
            && context.status.disabled(name).is_some()
        {
            let mut batch = TableBatch::default();
            status::enable(&mut batch, &receiver.fingerprint());
            context.store.commit(batch)?;
            context.status.update(name, |status| status.disabled = None);
        }
        Ok(Some(results))
    }

    /// Acknowledges an alert, and notifies each PagerDuty receiver that was notified of it.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn acknowledge(&self, alert_id: &str, author: &str) -> Result<AcknowledgeResult> {
        let (at, author) = (self.context.now(), author.to_owned());
        let acknowledgement = Acknowledgement { at, author, by_receiver: None, event_id: None };
        self.record_acknowledgement(alert_id, &acknowledgement)
    }

    /// Handles a webhook of PagerDuty: `signature` is its header, `body` as it was sent. An incident that
    /// is acknowledged there is acknowledged here. `None` when the webhook is about something else, or
    /// about no open notification, or is of an earlier alert and sent again.
    ///
    /// # Errors
    /// When the store cannot be read or written. The inner error says why the webhook is rejected.
    pub fn pagerduty_webhook(
        &self,
        signature: &str,
        body: &[u8],
    ) -> Result<Result<Option<AcknowledgeResult>, WebhookError>> {
        let receivers = &self.context.receivers;
        let Some(receiver) = pagerduty_webhook::signer(receivers, signature, body) else {
            return Ok(Err(WebhookError::Unsigned));
        };
        let acknowledged = match pagerduty_webhook::read(body) {
            Ok(acknowledged) => acknowledged,
            Err(error) => return Ok(Err(WebhookError::Malformed(error))),
        };
        let Some(acknowledged) = acknowledged else { return Ok(Ok(None)) };
        let id = acknowledge::alert_of_dedup_key(&self.context.store, &acknowledged.dedup_key)?;
        let Some(id) = id else { return Ok(Ok(None)) };
        if acknowledge::is_of_earlier_alert(&self.context.store, &id, &acknowledged)? {
            tracing::warn!(
                alert = id,
                "a webhook of PagerDuty is about an earlier alert; it is ignored"
            );
            return Ok(Ok(None));
        }
        let acknowledgement = Acknowledgement {
            at: self.context.now(),
            author: acknowledged.author,
            by_receiver: Some(receiver.name.clone()),
            event_id: acknowledged.event_id,
        };
        Ok(Ok(Some(self.record_acknowledgement(&id, &acknowledgement)?)))
    }

    fn record_acknowledgement(
        &self,
        id: &str,
        acknowledgement: &Acknowledgement,
    ) -> Result<AcknowledgeResult> {
        let DeliveryContext { store, receivers, .. } = &*self.context;
        let _only_one = ACKNOWLEDGING.lock();
        let outcome = acknowledge::acknowledge(store, receivers, id, acknowledgement)?;
        self.waker.wake();
        Ok(outcome)
    }

    /// Puts a dead letter back into the outbox; see [`ledger::replay`].
    ///
    /// # Errors
    /// When the store cannot be read or written. The inner error says why it must stay.
    pub fn replay(&self, id: &str, dry_run: bool) -> Result<Result<Delivery, ReplayDenied>> {
        let store = &self.context.store;
        let Some(delivery) = ledger::get(store, id)? else {
            return Ok(Err(ReplayDenied::Unknown));
        };
        let Some(receiver) = self.context.receiver(&delivery.receiver) else {
            return Ok(Err(ReplayDenied::NoReceiver(delivery.receiver)));
        };
        let replayed = ledger::replay(store, &delivery, receiver, dry_run)?;
        self.waker.wake();
        Ok(replayed.map_err(ReplayDenied::Delivery))
    }

    /// Removes dead letters; see [`ledger::purge`].
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn purge(&self, filter: &DeliveryFilter, dry_run: bool) -> Result<FoundDeliveries> {
        ledger::purge(&self.context.store, filter, dry_run)
    }
}

/// Sends a receiver the trigger and the resolve of the sample of a cause, marked as a test. The resolve is
/// not sent when the trigger did not arrive. Links begin with `base_url`.
///
/// # Errors
/// When the HTTP client cannot be set up, or the receiver may not be contacted.
pub async fn test_receiver(
    receiver: &Receiver,
    cause: Cause,
    base_url: &str,
    allow_private: bool,
    now: &(dyn Fn() -> TimestampMs + Send + Sync),
) -> Result<Vec<TestResult>> {
    check_address(receiver, allow_private)?;
    let transport = Transport::new(allow_private)?;
    let (mut results, mut first) = (Vec::new(), None);
    for delivery in samples::test(cause, receiver, base_url, now()) {
        let (action, at) = (delivery.action, now());
        let (target, templates) = (&receiver.target, &receiver.templates);
        let result = transport.send(target, &delivery, templates, at, first.as_deref()).await;
        first = first.or(result.message_id);
        let error = result.outcome.error().map(str::to_owned);
        let has_failed = error.is_some();
        let took_ms = now().since_ms(at).max(0);
        results.push(TestResult { action, status: result.status, took_ms, error });
        if has_failed {
            break;
        }
    }
    Ok(results)
}
