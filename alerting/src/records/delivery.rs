//! One delivery: something that is told to one receiver about one alert, from the moment it is put
//! into the outbox until it is settled in the ledger.

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;
use sha2::{Digest as _, Sha256};

use crate::hex::hex;
use crate::records::alerts::Alert;
use crate::text::content::Content;

/// Attempts of a delivery that are kept, the newest.
const ATTEMPTS_KEPT_MAX: usize = 10;
const _: () = assert!(ATTEMPTS_KEPT_MAX > 0);

/// What a delivery says. Numbers are on disk, and order deliveries of the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Action {
    /// An alert began.
    Trigger,
    /// It became critical.
    Escalate,
    /// It ended.
    Resolve,
    /// Someone takes care of it.
    Acknowledge,
    /// Its message holds other groups than was told.
    Update,
    /// Nothing is wrong: something was changed, such as a release.
    Change,
}

impl Action {
    /// Whether it tells that something begins, or that it is worse than was told.
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

/// Where a delivery stands. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum DeliveryState {
    /// It is in the outbox.
    Waiting,
    /// The receiver has taken it.
    Delivered,
    /// It was dropped with its counterpart: the alert ended before anyone could be told of it.
    Coalesced,
    /// It was given up.
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

/// Why a delivery was given up. Numbers are on disk: never renumber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum DeadReason {
    /// The receiver refused it for good.
    Refused,
    /// The rules file no longer has the receiver.
    ReceiverRemoved,
    /// The target that got the trigger cannot be reached any more: its key or address is gone.
    TargetChanged,
    /// Too many deliveries were waiting for the receiver.
    OutboxFull,
    /// It was tried in vain for as long as the receiver's `give_up_after` says.
    Expired,
    /// The receiver has said that it wants nothing any more (410).
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

/// What is said of an alert, to whomever it is told.
#[derive(Debug, Clone)]
pub(crate) struct NotificationRecord {
    pub(crate) action: Action,
    /// The moment it speaks of, in event time.
    pub(crate) at: TimestampMs,
    /// Name of the message that the alert spoke in.
    pub(crate) group: String,
    pub(crate) alert: Alert,
    pub(crate) content: Content,
}

/// Something that is told to one receiver about one alert.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Delivery {
    /// 32 hex digits, the same for every attempt.
    pub id: String,
    /// Name of the receiver.
    pub receiver: String,
    /// Its target when the alert was told; once delivered, the target it went to. See
    /// [`crate::rule::Receiver::fingerprint`].
    pub fingerprint: String,
    /// What it says.
    pub action: Action,
    /// The moment it speaks of, in event time.
    pub at: TimestampMs,
    /// Name of the message that the alert spoke in: alerts of one group share it.
    pub group: String,
    /// The alert as it was then.
    pub alert: Alert,
    /// What is to be said of it.
    pub content: Content,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it was given up or dropped, in words.
    pub detail: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// When the first of them began.
    pub first_attempt_at: Option<TimestampMs>,
    /// The newest attempts, at most [`ATTEMPTS_KEPT_MAX`].
    pub log: Vec<Attempt>,
    /// No attempt before this.
    pub next_attempt_at: TimestampMs,
    /// The receiver that was told in its place while it was down.
    pub handed_to: Option<String>,
    /// When it was delivered, dropped or given up; `None` while it waits.
    pub settled_at: Option<TimestampMs>,
}

impl Delivery {
    /// A delivery that is due at once.
    pub(crate) fn new(receiver: String, fingerprint: String, said: NotificationRecord) -> Self {
        let NotificationRecord { action, at, group, alert, content } = said;
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
            first_attempt_at: None,
            log: Vec::new(),
            next_attempt_at: TimestampMs(0),
            handed_to: None,
            settled_at: None,
        };
        let mut hash = Sha256::new();
        hash.update(crate::records::outbox::key(&delivery));
        hash.update(delivery.alert.id.as_bytes());
        delivery.id = hex(&hash.finalize());
        delivery.id.truncate(32);
        delivery
    }

    /// The same for another receiver, that is told in place of this one.
    pub(crate) fn for_other(&self, receiver: String, fingerprint: String) -> Self {
        let (group, alert, content) =
            (self.group.clone(), self.alert.clone(), self.content.clone());
        let said = NotificationRecord { action: self.action, at: self.at, group, alert, content };
        Self::new(receiver, fingerprint, said)
    }

    /// The moment it should have been told at: an alert that was held back, or judged after a downtime,
    /// should have been told when it fired.
    pub(crate) fn late_from(&self) -> TimestampMs {
        if self.content.muted_by.is_some() { self.alert.fired_at } else { self.at }
    }

    /// How long it took to arrive, from the moment it speaks of, in ms; `None` while it has not.
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

    /// Notes an attempt; of many the newest stay.
    pub(crate) fn note(&mut self, attempt: Attempt) {
        self.attempts = self.attempts.saturating_add(1);
        self.first_attempt_at.get_or_insert(attempt.at);
        if self.log.len() >= ATTEMPTS_KEPT_MAX {
            self.log.remove(0);
        }
        self.log.push(attempt);
    }
}
