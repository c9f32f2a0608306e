//! One delivery: one notification of one alert to one receiver, from the outbox to the ledger.

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;
use sha2::{Digest as _, Sha256};

use crate::error::Result;
use crate::hex::hex;
use crate::records::alerts::Alert;
use crate::records::row;
use crate::text::content::Content;

/// Attempts of a delivery that are kept, the newest.
const ATTEMPTS_KEPT_MAX: usize = 10;
const _: () = assert!(ATTEMPTS_KEPT_MAX > 0);
/// Version of the rows of deliveries, which changes with the content of messages.
const ROW_VERSION: u8 = 4;

/// What a delivery does. Numbers are on disk, and order deliveries of the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Action {
    /// An alert began.
    Trigger,
    /// It became critical.
    Escalate,
    /// It ended.
    Resolve,
    /// Someone has acknowledged it.
    Acknowledge,
    /// Other groups share its notification than it listed.
    Update,
    /// Nothing is wrong: something was changed, such as a release.
    Change,
}

impl Action {
    /// Whether it notifies that an alert begins, or is worse than was notified.
    #[must_use]
    pub const fn begins(self) -> bool {
        matches!(self, Self::Trigger | Self::Escalate)
    }

    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Escalate => "escalate",
            Self::Resolve => "resolve",
            Self::Acknowledge => "acknowledge",
            Self::Update => "update",
            Self::Change => "change",
        }
    }
}

/// The state of a delivery. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum DeliveryState {
    /// It is in the outbox.
    Waiting,
    /// The receiver has taken it.
    Delivered,
    /// It was dropped together with the resolve: the alert ended before it could be delivered.
    Coalesced,
    /// It became a dead letter.
    Dead(DeadReason),
}

impl DeliveryState {
    /// Every name in the API.
    pub const NAMES: [&str; 4] = ["waiting", "delivered", "coalesced", "dead"];

    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => Self::NAMES[0],
            Self::Delivered => Self::NAMES[1],
            Self::Coalesced => Self::NAMES[2],
            Self::Dead(_) => Self::NAMES[3],
        }
    }
}

/// Why a delivery became a dead letter. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum DeadReason {
    /// The receiver rejected it for good.
    Refused,
    /// The rules file no longer has the receiver.
    ReceiverRemoved,
    /// The target that got the trigger cannot be reached any more: its key or address is gone.
    TargetChanged,
    /// Too many deliveries were waiting for the receiver.
    OutboxFull,
    /// Every attempt failed for the time of the receiver's `give_up_after`.
    Expired,
    /// The receiver answered that it is gone (410).
    Disabled,
}

impl DeadReason {
    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::ReceiverRemoved => "receiver_removed",
            Self::TargetChanged => "target_changed",
            Self::OutboxFull => "outbox_full",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
        }
    }
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Attempt {
    /// When it began.
    pub at: TimestampMs,
    /// How long it took, in ms.
    pub took_ms: i64,
    /// What the receiver answered, as an HTTP or SMTP status; `None` without an answer.
    pub status: Option<u16>,
    /// Why it failed; `None` when it did not. Never holds a secret.
    pub error: Option<String>,
}

/// A notification, before it is addressed to receivers.
#[derive(Debug, Clone)]
pub(crate) struct NotificationRecord {
    pub(crate) action: Action,
    /// The end of the slot in which it was decided, in event time.
    pub(crate) at: TimestampMs,
    /// Name of the notification's group.
    pub(crate) group: String,
    pub(crate) alert: Alert,
    pub(crate) content: Content,
}

/// One notification of one alert to one receiver.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Delivery {
    /// 32 hex digits, the same for every attempt.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// Its target when the alert was notified; once delivered, the target it was sent to. See
    /// [`crate::rule::Receiver::fingerprint`].
    pub fingerprint: String,
    /// What it does.
    pub action: Action,
    /// The end of the slot in which it was decided, in event time.
    pub at: TimestampMs,
    /// Name of the notification's group: alerts that share a notification share it.
    pub group: String,
    /// The alert as it was then.
    pub alert: Alert,
    /// The content of the message.
    pub content: Content,
    /// Its state.
    pub state: DeliveryState,
    /// Why it became a dead letter or was dropped, in words.
    pub detail: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// For how long deliveries had been made from the store when the first of them ended, in ms.
    pub first_attempt_run_ms: Option<i64>,
    /// The newest attempts, at most `ATTEMPTS_KEPT_MAX`.
    pub log: Vec<Attempt>,
    /// No attempt before this; 0 for at once, whatever the clock says. See [`Delivery::due_at`].
    pub next_attempt_at: TimestampMs,
    /// The receiver that was notified in its place while it was down.
    pub handed_to: Option<String>,
    /// When it was delivered, dropped or made a dead letter; `None` while it waits.
    pub settled_at: Option<TimestampMs>,
}

impl Delivery {
    /// A delivery that is due at once.
    pub(crate) fn new(receiver: String, fingerprint: String, record: NotificationRecord) -> Self {
        let NotificationRecord { action, at, group, alert, content } = record;
        let mut delivery = Self {
            id: String::new(),
            receiver,
            fingerprint,
            action,
            at,
            group,
            alert,
            content,
            state: DeliveryState::Waiting,
            detail: None,
            attempts: 0,
            first_attempt_run_ms: None,
            log: Vec::new(),
            next_attempt_at: TimestampMs(0),
            handed_to: None,
            settled_at: None,
        };
        delivery.set_id();
        delivery
    }

    /// Its row in the outbox and the ledger.
    pub(crate) fn to_row(&self) -> Vec<u8> {
        row::encode_as(ROW_VERSION, self)
    }

    /// Reads its row.
    pub(crate) fn from_row(bytes: &[u8]) -> Result<Self> {
        row::decode_as(ROW_VERSION, "delivery", bytes)
    }

    /// The same, decided at another time.
    pub(crate) fn decided_at(self, at: TimestampMs) -> Self {
        let mut delivery = Self { at, ..self };
        delivery.set_id();
        delivery
    }

    fn set_id(&mut self) {
        let mut hash = Sha256::new();
        hash.update(crate::records::outbox::key(self));
        hash.update(self.alert.id.as_bytes());
        self.id = hex(&hash.finalize());
        self.id.truncate(32);
    }

    /// The same for another receiver, which is notified in place of this one.
    pub(crate) fn for_other(&self, receiver: String, fingerprint: String) -> Self {
        let (group, alert, content) =
            (self.group.clone(), self.alert.clone(), self.content.clone());
        let record = NotificationRecord { action: self.action, at: self.at, group, alert, content };
        Self::new(receiver, fingerprint, record)
    }

    /// The resolve that ends it at once.
    pub(crate) fn resolve(&self) -> Self {
        let (alert, content) = (self.alert.clone(), self.content.clone());
        let alert = Alert { resolved_at: Some(self.at), ..alert };
        let (action, at, group) = (Action::Resolve, self.at, self.group.clone());
        let record = NotificationRecord { action, at, group, alert, content };
        Self::new(self.receiver.clone(), self.fingerprint.clone(), record)
    }

    /// The time from which it is late: an alert that was muted, or evaluated after a downtime, should have
    /// been notified when it fired.
    pub(crate) fn late_from(&self) -> TimestampMs {
        if self.content.muted_by.is_some() { self.alert.fired_at } else { self.at }
    }

    /// When the next attempt is due: not before it was decided, nor before the last attempt.
    #[must_use]
    pub fn due_at(&self) -> TimestampMs {
        let last_attempt = self.log.last().map_or(self.at, |attempt| attempt.at);
        self.next_attempt_at.max(self.at).max(last_attempt)
    }

    /// How long it took to arrive, in ms; `None` while it has not.
    #[must_use]
    pub fn latency_ms(&self) -> Option<i64> {
        let arrived = self.settled_at.filter(|_| self.state == DeliveryState::Delivered);
        arrived.map(|arrived| arrived.since_ms(self.at).max(0))
    }

    /// Why the last attempt failed.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        self.log.last()?.error.as_deref()
    }

    /// Records an attempt that ended when deliveries had been made for so many ms; of many the newest are
    /// kept.
    pub(crate) fn note(&mut self, attempt: Attempt, run_ms: i64) {
        self.attempts = self.attempts.saturating_add(1);
        self.first_attempt_run_ms.get_or_insert(run_ms);
        if self.log.len() >= ATTEMPTS_KEPT_MAX {
            self.log.remove(0);
        }
        self.log.push(attempt);
    }
}
