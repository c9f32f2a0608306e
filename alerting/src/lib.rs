//! Alerting of Plimsoll: rules over partner data, evaluated in data time, and the delivery of notifications.
//!
//! [`RuleSet`] is the rules file. The [`engine`] keeps the state of every rule and group in memory and
//! evaluates slot after slot. Who is notified is decided in one place, `notify`. Both are pure.
//! [`Evaluator`] runs them on a store: states, [`alerts`] and [`outbox`] entries of a slot are one commit.
//! [`ReplayEvaluator`] and [`ReplayNotifier`] run them over history, [`explain`](mod@explain) around a time.
//! [`Notifier`] delivers what is in the outbox and keeps the [`ledger`]. Nothing here reads a clock but the
//! notifier, which is given one.

mod deliver;
pub mod engine;
mod error;
mod evaluate;
pub mod explain;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hex;
mod labels;
pub mod limits;
mod message;
mod notify;
mod records;
pub mod replay;
pub mod report;
pub mod rule;
#[cfg(test)]
mod testing;
mod text;

pub use deliver::{
    AcknowledgeResult, Clock, ClockReading, DeliveryControl, HeartbeatTarget, Notifier,
    ReceiverStatus, ReplayDenied, ShownMessage, TestResult, Waker, WebhookError, delivery_of,
    delivery_of_drill, show, test_receiver,
};
pub use engine::{
    AlertState, ComparedUnit, Comparison, Evidence, EvidenceTest, ExpectedAges, Firing, Gate,
    GroupsLeftOut, StateChange, StateReason, StreamNumber, Transition, Unmet,
};
pub use error::{Error, Result};
pub use evaluate::{EvaluatedSlots, Evaluator, grace_ms};
pub use explain::muting::{Muting, muting};
pub use labels::{GroupLabels, PRODUCTION, SANDBOX};
pub use message::content::{describe, url_encoded};
pub use message::samples::{Cause, sample};
pub use message::units;
pub use notify::event::{SlotEvaluations, TransitionEvent};
pub use records::acknowledgement::Acknowledgement;
pub use records::alerts::{Alert, AlertFilter};
pub use records::delivery::{Action, Attempt, DeadReason, Delivery, DeliveryState};
pub use records::ledger::{DeliveryFilter, FoundDeliveries, ReplayError};
pub use records::muted_by::MutedBy;
pub use records::notify_status::{NotifiedReceiver, NotifyStatus};
pub use records::silence::Silence;
pub use records::{acknowledgement, alerts, ledger, outbox, silence};
pub use replay::{ByMinute, ReplayEvaluator, ReplayNotifier, ReplayedAlert, ReplayedNotification};
pub use rule::{Receiver, Rule, RuleError, RuleSet, RulesFileError, Severity, Signal, SignalKind};
pub use text::content::{Content, Links, Trend};
pub use text::excerpt::excerpt;
pub use text::json::{json_problem, read_json, read_json_object};
pub use text::nearest::{did_you_mean, nearest};
pub use text::quantity::{
    QuantityError, parse_duration_ms, parse_duration_or_zero_ms, parse_size_bytes,
};
pub use text::runbook::{RUNBOOKS, Runbook, runbook};
pub use text::time::{TIME_END, TIME_MIN, TimeError, WrittenTime, parse_time, time_of_number};
