//! The outcome of an attempt, and how HTTP answers map to it.

use super::http::Answer;

/// Characters of an answer's body that are kept with a reason.
const EXCERPT_CHARS_MAX: usize = 300;

/// How an attempt ended, and whether it is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deliver) enum AttemptOutcome {
    /// It arrived.
    Delivered,
    /// The receiver is at its rate limit: try again, not before `after_ms` when given.
    Throttled { after_ms: Option<i64>, reason: String },
    /// The receiver fails or cannot be reached: try again, not before `after_ms` when given.
    Failed { after_ms: Option<i64>, reason: String },
    /// The receiver rejected the delivery for good.
    Rejected { reason: String },
    /// The receiver wants no more deliveries.
    Gone { reason: String },
}

/// The result of an attempt.
#[derive(Debug)]
pub(in crate::deliver) struct AttemptResult {
    pub(in crate::deliver) outcome: AttemptOutcome,
    /// The HTTP or SMTP status of the answer, if there was one.
    pub(in crate::deliver) status: Option<u16>,
    /// The id of the message that arrived, where later ones can be replies to it.
    pub(in crate::deliver) message_id: Option<String>,
}

impl AttemptResult {
    pub(in crate::deliver) const fn new(outcome: AttemptOutcome, status: Option<u16>) -> Self {
        Self { outcome, status, message_id: None }
    }
}

impl AttemptOutcome {
    /// A failure without an answer: try again.
    pub(in crate::deliver) const fn failed(reason: String) -> Self {
        Self::Failed { after_ms: None, reason }
    }

    /// Reads an answer by its HTTP status: 2xx arrived; 408, 429 and 5xx are tried again; anything
    /// else, redirects included, is final, since the same request would get the same answer.
    pub(in crate::deliver) fn of(answer: &Answer) -> Self {
        let (reason, after_ms) = (answer_text(answer), answer.retry_after_ms);
        match answer.status {
            200..=299 => Self::Delivered,
            429 => Self::Throttled { after_ms, reason },
            408 | 500..=599 => Self::Failed { after_ms, reason },
            300..=399 => {
                Self::Rejected { reason: format!("{reason} (redirects are not followed)") }
            }
            _ => Self::Rejected { reason },
        }
    }

    /// Why it did not arrive; `None` when it did.
    pub(in crate::deliver) fn error(&self) -> Option<&str> {
        match self {
            Self::Delivered => None,
            Self::Throttled { reason, .. }
            | Self::Failed { reason, .. }
            | Self::Rejected { reason }
            | Self::Gone { reason } => Some(reason),
        }
    }

    /// The same outcome with its reason changed.
    pub(in crate::deliver) fn map_reason(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Delivered => Self::Delivered,
            Self::Throttled { after_ms, reason } => {
                Self::Throttled { after_ms, reason: change(reason) }
            }
            Self::Failed { after_ms, reason } => Self::Failed { after_ms, reason: change(reason) },
            Self::Rejected { reason } => Self::Rejected { reason: change(reason) },
            Self::Gone { reason } => Self::Gone { reason: change(reason) },
        }
    }
}

/// The answer as text: its status and the start of its body.
pub(in crate::deliver) fn answer_text(answer: &Answer) -> String {
    let excerpt: String = answer
        .body
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(EXCERPT_CHARS_MAX)
        .collect();
    let excerpt = excerpt.trim();
    if excerpt.is_empty() {
        format!("answered {}", answer.status)
    } else {
        format!("answered {}: {excerpt}", answer.status)
    }
}

#[cfg(test)]
mod tests;
