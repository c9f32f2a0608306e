//! How good alerts are, as JSON. [`plimsoll_alerting::report::score()`] defines the measures.

use plimsoll_alerting::ReplayedAlert;
use plimsoll_alerting::report::{self, Incident, Score, Scored, ScoredAlert};
use plimsoll_storage::{SlotWidth, TimestampMs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::backtest::ReplayedScope;

/// Scores alerts against incidents, from a time to the end of the replay.
pub(crate) fn score(
    alerts: &[ReplayedAlert],
    incidents: &[Incident],
    scope: &ReplayedScope,
    width: SlotWidth,
    from: Option<TimestampMs>,
) -> Score {
    let (first, last) = scope.slots.map_or((TimestampMs(0), TimestampMs(0)), |(first, last)| {
        (width.start(first), width.end(last))
    });
    let scored =
        Scored { from: from.unwrap_or(first).0, end: last.0, partners: scope.partners.len() };
    let alerts: Vec<ScoredAlert> = alerts.iter().map(Into::into).collect();
    report::score(&alerts, incidents, scored)
}

/// How good alerts are. Spans are in seconds.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ScoreBody {
    /// Null without incidents.
    recall: Option<f64>,
    /// Null without notifications that are true or false.
    precision: Option<f64>,
    detected_after_median_s: Option<f64>,
    detected_after_p95_s: Option<f64>,
    /// Null when no incident has a notification.
    pages_per_incident: Option<f64>,
    false_pages_per_partner_week: f64,
    flaps: usize,
    resolve_lag_median_s: Option<f64>,
    true_pages: usize,
    neutral_pages: usize,
    false_pages: usize,
    warnings_found: usize,
    warnings: usize,
    found: Vec<FoundBody>,
    /// Incidents without a notification.
    missed: Vec<String>,
}

/// An incident with a notification.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundBody {
    id: String,
    kind: String,
    detected_after_s: f64,
    pages: usize,
    resolve_lag_s: Option<f64>,
}

const fn seconds(ms: i64) -> f64 {
    ms as f64 / 1e3
}

impl From<&Score> for ScoreBody {
    fn from(score: &Score) -> Self {
        let pages: usize = score.found.iter().map(|found| found.notifications).sum();
        let found = score.found.iter().map(|found| FoundBody {
            id: found.id.clone(),
            kind: found.kind.clone(),
            detected_after_s: seconds(found.detected_after_ms),
            pages: found.notifications,
            resolve_lag_s: found.resolve_lag_ms.map(seconds),
        });
        let weeks = score.partner_weeks.max(f64::MIN_POSITIVE);
        Self {
            recall: score.recall(),
            precision: score.precision(),
            detected_after_median_s: score.detected_after_ms(0.5).map(seconds),
            detected_after_p95_s: score.detected_after_ms(0.95).map(seconds),
            pages_per_incident: (!score.found.is_empty())
                .then(|| pages as f64 / score.found.len() as f64),
            false_pages_per_partner_week: score.false_notifications.len() as f64 / weeks,
            flaps: score.flaps,
            resolve_lag_median_s: score.resolve_lag_ms().map(seconds),
            true_pages: score.true_notifications,
            neutral_pages: score.neutral_notifications,
            false_pages: score.false_notifications.len(),
            warnings_found: score.warnings.0,
            warnings: score.warnings.1,
            found: found.collect(),
            missed: score.missed.iter().map(|(id, _)| id.clone()).collect(),
        }
    }
}
