//! Drills: a made-up fault of a partner in environment `sandbox`, to see which rules notice it and when.
//!
//! A [`Scenario`] says what happens and which rules are expected to notice; [`traffic`] makes a week of
//! the usual and half an hour of the fault, up to now. Since rules are judged in the time of the data,
//! all of it is pushed at once, and a backtest of just that drill, by the rules in force, says within
//! seconds what half an hour would have told. The same traffic always comes of the same scenario.

mod report;
mod scenario;
mod traffic;

pub(crate) use report::{Found, Report};
pub(crate) use scenario::{RuleFacts, Scenario};
pub(crate) use traffic::Traffic;

/// What drills call their operation.
const OPERATION: &str = "drill";
