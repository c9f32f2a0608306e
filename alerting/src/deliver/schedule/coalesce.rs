//! Coalescing: finds deliveries of alerts that were triggered and resolved before either was sent.
//!
//! Used only while a receiver is held up, by its rate limit or because it is down. Pure.

use std::ops::Range;

use crate::records::delivery::Action;

/// A waiting delivery of a thread.
#[derive(Debug, Clone, Copy)]
pub(in crate::deliver) struct Waiting {
    pub(in crate::deliver) action: Action,
    /// No attempt was made, and it was not handed over to another receiver.
    pub(in crate::deliver) is_unsent: bool,
}

/// The ranges of a thread that cancel out, in order: each from a trigger to the resolve after it, all
/// of it unsent.
pub(in crate::deliver) fn cancelled(thread: &[Waiting]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut trigger = None;
    for (position, waiting) in thread.iter().enumerate() {
        match (waiting.is_unsent, waiting.action) {
            (false, _) => trigger = None,
            (true, Action::Trigger) => trigger = trigger.or(Some(position)),
            (true, Action::Escalate | Action::Acknowledge | Action::Update | Action::Change) => {}
            (true, Action::Resolve) => {
                found.extend(trigger.take().map(|trigger| trigger..position + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
