//! The noise report as JSON.

use plimsoll_alerting::noise::{Noise, Tally};
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::Serialize;

use super::time;

/// Partners that are listed.
const PARTNERS_MAX: usize = 10;

/// How noisy alerting was.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NoiseBody {
    start: String,
    end: String,
    total: TallyBody,
    /// Most pages first.
    rules: Vec<RuleNoiseBody>,
    /// The partners with the most pages.
    partners: Vec<PartnerNoiseBody>,
    /// Rules in force that did not fire.
    never_fired: Vec<String>,
    /// Whether there were more alerts than were looked at: the oldest are left out.
    truncated: bool,
}

/// What a rule told.
#[derive(Debug, Serialize, JsonSchema)]
struct RuleNoiseBody {
    rule: String,
    #[serde(flatten)]
    tally: TallyBody,
}

/// What was told about a partner.
#[derive(Debug, Serialize, JsonSchema)]
struct PartnerNoiseBody {
    partner: String,
    #[serde(flatten)]
    tally: TallyBody,
}

/// Counts of alerts.
#[derive(Debug, Serialize, JsonSchema)]
struct TallyBody {
    alerts: usize,
    /// Alerts that someone was told of.
    pages: usize,
    pages_per_week: f64,
    /// The share of pages that someone acknowledged.
    acknowledged_share: Option<f64>,
    /// The share of pages that ended within five minutes, of those that have ended.
    short_share: Option<f64>,
    /// Alerts that fired within half an hour after the one before had ended.
    flaps: usize,
    open_s: f64,
}

impl TallyBody {
    fn new(tally: Tally, weeks: f64) -> Self {
        Self {
            alerts: tally.alerts,
            pages: tally.pages,
            pages_per_week: (tally.pages as f64 / weeks * 100.0).round() / 100.0,
            acknowledged_share: (tally.pages > 0)
                .then(|| tally.acknowledged as f64 / tally.pages as f64),
            short_share: (tally.ended > 0).then(|| tally.short as f64 / tally.ended as f64),
            flaps: tally.flaps,
            open_s: tally.open_ms as f64 / 1e3,
        }
    }
}

impl NoiseBody {
    pub(crate) fn new(
        noise: Noise,
        (start, end): (TimestampMs, TimestampMs),
        truncated: bool,
    ) -> Self {
        let weeks = end.since_ms(start).max(1) as f64 / (7.0 * 86_400e3);
        let tally = |tally| TallyBody::new(tally, weeks);
        let rules = noise.rules.into_iter();
        let partners = noise.partners.into_iter().take(PARTNERS_MAX);
        Self {
            start: time::format(start),
            end: time::format(end),
            total: tally(noise.all),
            rules: rules.map(|(rule, of)| RuleNoiseBody { rule, tally: tally(of) }).collect(),
            partners: partners
                .map(|(partner, of)| PartnerNoiseBody { partner, tally: tally(of) })
                .collect(),
            never_fired: noise.never_fired,
            truncated,
        }
    }
}
