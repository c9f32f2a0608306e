//! The types of a checked rules file: plain data, by subject.

pub(crate) mod countries;
mod identity;
mod notation;
mod partner;
mod period;
mod reach;
mod receiver;
mod rule;
mod secret;
mod set;
mod settings;
mod severity;
mod signal;

pub(in crate::rule) use countries::country;
pub(crate) use identity::RuleIdentity;
pub(in crate::rule) use notation::{
    DURATION_MS_MAX, Threshold, duration_ms, duration_text, share, threshold, time_of_day,
};
pub use partner::{Holiday, Maintenance, Partner};
pub(in crate::rule) use period::{NO_HOURS, time_zone, weekday};
pub use period::{Period, Schedule};
pub use reach::OutOfReach;
pub(in crate::rule) use receiver::GIVE_UP_AFTER_MS;
pub use receiver::{Escalation, FailOver, MessageTemplates, RateLimit, Receiver};
pub use rule::Rule;
pub use secret::Secret;
pub(crate) use secret::SecretOrigin;
pub(in crate::rule) use secret::SecretSource;
pub use set::RuleSet;
pub use settings::{
    BaselineSettings, GroupingSettings, NotifyPolicy, OnNoData, RuleMode, ScanSettings,
};
pub use severity::Severity;
pub(crate) use signal::has_shares;
pub use signal::{Signal, SignalKind};
