//! Drills: a simulated fault of a partner in environment `sandbox`, to see which rules detect it and when.
//!
//! A [`Scenario`] defines the fault and which rules are expected to detect it. [`Traffic`] generates a week
//! of normal traffic and half an hour of the fault, up to now. Rules are evaluated in the time of the data,
//! so all of it is pushed at once, and a backtest of this drill with the rules in force shows within seconds
//! what they would find in half an hour. A scenario always generates the same traffic.

mod report;
mod scenario;
mod traffic;

pub(crate) use report::{DrillMessageLine, DrillReport, FiredAlert};
pub(crate) use scenario::{RuleFacts, Scenario};
pub(crate) use traffic::Traffic;

/// The operation of the streams of a drill.
const OPERATION: &str = "drill";
