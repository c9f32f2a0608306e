//! What the engine reports of a rule and group at the end of a slot.

use bincode::{Decode, Encode};

use crate::engine::evidence::{Comparison, Evidence};
use crate::engine::step::{AlertState, Transition};
use crate::labels::GroupLabels;

/// The evaluation of a rule and group that is not at rest, or has just come to rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Position of the rule in the rule set.
    pub rule: usize,
    /// The group.
    pub labels: GroupLabels,
    /// The state before.
    pub before: AlertState,
    /// The state after.
    pub state: AlertState,
    /// The change of state, if there is one.
    pub transition: Option<Transition>,
    /// What was measured; `None` when there was no data.
    pub evidence: Option<Evidence>,
    /// What decided; `None` when there was no data.
    pub comparison: Option<Comparison>,
    /// How the open alert was detected; stored with its state.
    pub detection: Detection,
}

/// How an open alert was detected: later evaluations of the alert depend on it until it resolves.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct Detection {
    /// The window, in minutes; 0 when the rule does not scan.
    pub window_min: u32,
    /// Of a drop: the arrivals of the hours before it as a part of those expected then, at most 1. They are
    /// kept, because the drop itself must not lower what is expected.
    pub scale: f64,
}

impl Default for Detection {
    fn default() -> Self {
        Self { window_min: 0, scale: 1.0 }
    }
}
