//! The values of the samples.

use plimsoll_storage::{Label, Outcome, TimestampMs};

use super::{Cause, ENDED_AFTER_MS, MINUTE_MS};
use crate::message::fault::onset::Onset;
use crate::message::fault::place::Part;
use crate::message::fault::{Fault, Tally};
use crate::message::units;
use crate::rule::SignalKind;
use crate::text::content::Trend;

const HOUR_MS: i64 = 60 * MINUTE_MS;

/// The values of one sample.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// A rule of the samples; another name for a rule that is gone.
    pub(super) rule: &'static str,
    /// The signal of a rule that is gone.
    pub(super) signal: SignalKind,
    pub(super) partner: &'static str,
    pub(super) value: f64,
    pub(super) bounds: (f64, f64),
    pub(super) peak: f64,
    pub(super) count: u64,
    pub(super) onset_ago_ms: i64,
    pub(super) fired_ago_ms: i64,
    pub(super) span_ms: i64,
    tally: (u64, u64),
    classes: Vec<(Outcome, u64)>,
    quantile_s: Option<f64>,
    /// Label, value, and the tally of the other values.
    parts: Vec<(Label, &'static str, (u64, u64))>,
    pub(super) trend: Trend,
    pub(super) exemplar: Option<String>,
}

impl Facts {
    /// The values for a cause.
    pub(super) fn of(cause: Cause) -> Self {
        let failing = Self::failing();
        match cause {
            Cause::Slow => Self::slow(),
            Cause::Throttled => Self::ratio("partner-rate-limit", Outcome::RateLimited, (118, 655)),
            Cause::Credentials => Self::ratio("partner-auth", Outcome::Auth, (127, 132)),
            Cause::Rejected => Self::ratio("partner-4xx", Outcome::Status4xx, (70, 132)),
            Cause::Exceptions => Self {
                onset_ago_ms: 40 * MINUTE_MS,
                span_ms: 40 * MINUTE_MS,
                ..Self::ratio("order-exceptions", Outcome::Exception, (17, 121))
            },
            Cause::Burn => Self {
                value: 15.4,
                span_ms: HOUR_MS,
                onset_ago_ms: HOUR_MS,
                ..Self::ratio("label-slo", Outcome::Status5xx, (160, 10_400))
            },
            Cause::Stale => Self::age("tracking-stale", 1, 45 * MINUTE_MS),
            Cause::Silent => Self::age("partner-silent", 1, 183 * MINUTE_MS),
            Cause::NeverSeen => Self::age("tracking-stale", 0, 45 * MINUTE_MS),
            Cause::MissedRun => {
                Self { partner: "shopify", ..Self::age("nightly-import", 1, 26 * HOUR_MS) }
            }
            Cause::Drop => Self {
                count: 64,
                bounds: (0.15, 0.29),
                trend: trend(
                    "▆▇▆▆▇▆▅▃▂▁▂▁▁▂▁",
                    "305 a minute → 62 a minute within 3h, highest 320 a minute",
                ),
                ..Self::plain("webhooks-drop", 0.21)
            },
            Cause::Level => Self::plain("queue-depth", 1_840.0),
            Cause::Cascade => Self {
                tally: (512, 1_506),
                classes: vec![(Outcome::Timeout, 430), (Outcome::Status5xx, 82)],
                parts: vec![(Label::Site, "ams1", (3, 2_300))],
                ..failing
            },
            Cause::Late => {
                Self { fired_ago_ms: 25 * MINUTE_MS, onset_ago_ms: 27 * MINUTE_MS, ..failing }
            }
            Cause::Escalation => {
                Self { fired_ago_ms: 15 * MINUTE_MS, onset_ago_ms: 17 * MINUTE_MS, ..failing }
            }
            Cause::RuleRemoved => Self { rule: "partner-5xx-old", ..failing.ended() },
            Cause::Recovered | Cause::NoData | Cause::RuleChanged | Cause::OutsideHours => {
                failing.ended()
            }
            Cause::Failing | Cause::Worse | Cause::Reminder | Cause::Test => failing,
        }
    }

    fn failing() -> Self {
        Self {
            classes: vec![(Outcome::Status5xx, 38), (Outcome::Timeout, 3)],
            parts: vec![
                (Label::Operation, "create_label", (1, 600)),
                (Label::Site, "ams1", (0, 0)),
                (Label::Release, "2.4.1", (0, 0)),
            ],
            ..Self::ratio("partner-5xx", Outcome::Status5xx, (41, 132))
        }
    }

    fn ended(self) -> Self {
        Self {
            onset_ago_ms: ENDED_AFTER_MS,
            fired_ago_ms: ENDED_AFTER_MS - 3 * MINUTE_MS,
            span_ms: ENDED_AFTER_MS,
            value: 0.004,
            peak: 0.41,
            tally: (412, 3_120),
            ..self
        }
    }

    fn slow() -> Self {
        Self {
            signal: SignalKind::Latency,
            tally: (58, 132),
            quantile_s: Some(2.4),
            parts: vec![(Label::Release, "2.4.1", (2, 600))],
            trend: trend("▁▁▁▁▁▁▂▂▄▅▇█▇██", "240ms → 2.4s within 15m, highest 2.6s"),
            exemplar: Some("order_id O-4711, correlation_id c-93: 2xx after 3.1s".to_owned()),
            ..Self::plain("partner-latency", 2.4)
        }
    }

    /// A share of one class of items.
    fn ratio(rule: &'static str, class: Outcome, (bad, all): (u64, u64)) -> Self {
        let share = Tally { bad, all }.share();
        let text = units::value(SignalKind::Ratio, share);
        let ids = "order_id O-4711, correlation_id c-93";
        Self {
            tally: (bad, all),
            classes: vec![(class, bad)],
            trend: trend("▁▁▁▁▁▁▁▂▅▇█▇█▇█", &format!("0.2% → {text} within 15m, highest {text}")),
            exemplar: Some(format!("{ids}: {} after 2.04s", class.as_str())),
            count: all,
            bounds: (share * 0.8, (share * 1.2).min(1.0)),
            ..Self::plain(rule, share)
        }
    }

    /// The age of the newest event, or since when the first one is expected.
    fn age(rule: &'static str, count: u64, age_ms: i64) -> Self {
        Self { count, onset_ago_ms: age_ms, ..Self::plain(rule, age_ms as f64 / 1e3) }
    }

    fn plain(rule: &'static str, value: f64) -> Self {
        Self {
            rule,
            signal: SignalKind::Ratio,
            partner: "dhl",
            value,
            bounds: (value, value),
            peak: value,
            count: 132,
            onset_ago_ms: 10 * MINUTE_MS,
            fired_ago_ms: 0,
            span_ms: 10 * MINUTE_MS,
            tally: (0, 0),
            classes: Vec::new(),
            quantile_s: None,
            parts: Vec::new(),
            trend: Trend::default(),
            exemplar: None,
        }
    }

    /// The fault that the store would show at a time.
    pub(super) fn fault(&self, at: TimestampMs) -> Fault {
        let tally = |(bad, all)| Tally { bad, all };
        let part = |(label, value, elsewhere): &(Label, &str, (u64, u64))| Part {
            label: *label,
            values: vec![(*value).to_owned()],
            here: tally(self.tally),
            elsewhere: tally(*elsewhere),
        };
        let onset = at.plus_ms(-self.onset_ago_ms);
        Fault {
            onset: Some(Onset { at: onset, within_ms: 10_000, share_before: 0.0 }),
            parts: self.parts.iter().map(part).collect(),
            span_ms: self.span_ms,
            tally: tally(self.tally),
            classes: self.classes.clone(),
            quantile_s: self.quantile_s,
        }
    }
}

fn trend(spark: &str, text: &str) -> Trend {
    Trend { spark: spark.to_owned(), text: text.to_owned() }
}
