//! Who was notified of an alert, as it is recorded on the alert.

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;

use crate::records::muted_by::MutedBy;
use crate::rule::{Receiver, Severity};

/// What was notified of an alert, and to whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct NotifyStatus {
    /// What mutes the alert, or muted it until it was resolved; `None` once it was notified.
    pub muted_by: Option<MutedBy>,
    /// The highest severity that was notified; `None` while nobody was.
    pub notified: Option<Severity>,
    /// When its end was notified; `None` while it was not.
    pub resolve_sent_at: Option<TimestampMs>,
    /// Who was notified, and is notified of the end.
    pub receivers: Vec<NotifiedReceiver>,
}

/// A receiver that was notified of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NotifiedReceiver {
    /// Name of the receiver.
    pub receiver: String,
    /// [`Receiver::fingerprint`] at that time.
    pub fingerprint: String,
    /// When it was notified, in event time.
    pub notified_at: TimestampMs,
}

impl NotifyStatus {
    /// Whether the alert was notified and its end was not.
    pub(crate) const fn is_resolve_due(&self) -> bool {
        self.notified.is_some() && self.resolve_sent_at.is_none()
    }

    /// Records that the alert is notified at a severity.
    pub(crate) fn record_trigger(&mut self, severity: Severity) {
        self.notified = self.notified.max(Some(severity));
        self.resolve_sent_at = None;
    }

    /// Records that the end of the alert is notified.
    pub(crate) const fn record_resolve(&mut self, at: TimestampMs) {
        self.resolve_sent_at = Some(at);
    }

    /// Moves the times that escalation counts from, because the clock was set.
    pub(crate) fn move_by(&mut self, by_ms: i64) {
        for receiver in &mut self.receivers {
            receiver.notified_at = receiver.notified_at.plus_ms(by_ms);
        }
    }

    /// Adds receivers that are notified from now on. A receiver that is listed already keeps the target
    /// that it was notified at, so that the end is sent to the same place; with `renew` it takes the
    /// present target.
    pub(crate) fn add_receivers<'a>(
        &mut self,
        receivers: impl Iterator<Item = &'a Receiver>,
        renew: bool,
        at: TimestampMs,
    ) {
        for receiver in receivers {
            if renew {
                self.receivers.retain(|known| known.receiver != receiver.name);
            }
            if !self.receivers.iter().any(|known| known.receiver == receiver.name) {
                self.receivers.push(NotifiedReceiver {
                    receiver: receiver.name.clone(),
                    fingerprint: receiver.fingerprint(),
                    notified_at: at,
                });
            }
        }
    }
}
