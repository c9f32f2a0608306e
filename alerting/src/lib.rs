//! Alerting of Plimsoll: rules over partner data, judged in data time, and their delivery.
//!
//! [`RuleSet`] says what is watched. The [`engine`] holds what is known of every rule and group in
//! memory and judges slot after slot, pure: [`step`](mod@step) moves the states, the [`pager`] decides
//! who speaks. [`Evaluator`] runs it on a store: states, [`alerts`] and [`outbox`] entries of a slot
//! are one commit. [`Judge`] and [`Teller`] run it over history. [`Notifier`] delivers what is in the
//! outbox and keeps the [`ledger`]. Nothing here reads a clock but the notifier, which is given one.

pub mod acknowledge;
pub mod alerts;
mod bound;
mod deliver;
pub mod delivery;
mod due;
pub mod engine;
mod error;
mod escalate;
mod evaluate;
mod evidence;
mod examples;
pub mod explain;
mod hex;
mod labels;
pub mod ledger;
pub mod limits;
pub mod noise;
pub mod ordinary;
pub mod outbox;
pub mod page;
pub mod pager;
mod record;
mod releases;
mod reminder;
pub mod replay;
pub mod rule;
pub mod runbook;
pub mod score;
pub mod silence;
pub mod step;
#[cfg(test)]
mod testing;
mod trend;
mod voice;
mod wording;
pub mod words;

pub use acknowledge::Acknowledged;
pub use alerts::{Alert, AlertFilter, Notified};
pub use deliver::{
    Clock, Desk, Notifier, ReceiverStatus, ReplayRefusal, TestResult, Waker, WebhookRefusal,
    test_receiver,
};
pub use delivery::{Action, Attempt, DeadReason, Delivery};
pub use engine::StreamNumber;
pub use error::{Error, Result};
pub use evaluate::{Evaluator, Event, Judged, grace_ms};
pub use evidence::{Evidence, Gate, Severity};
pub use labels::{GroupLabels, SANDBOX};
pub use ledger::{DeliveryFilter, NoReplay};
pub use replay::{ByMinute, Judge, ReplayedAlert, ReplayedNotification, Teller};
pub use rule::{Receiver, Rule, RuleError, RuleSet, Signal, SignalKind};
pub use voice::Suppressor;
