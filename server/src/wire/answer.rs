//! The answers of push and query, as JSON.

use std::collections::BTreeMap;

use plimsoll_query::{Freshness, GaugePoint, LatencyPoint, OutcomePoint, Partner, Series};
use plimsoll_storage::{Label, TimestampMs};
use serde::Serialize;

use super::time;
use crate::ingest::Refusal;

/// The answer to a push.
#[derive(Debug, Serialize)]
pub(crate) struct PushBody {
    pub(crate) accepted: u64,
    pub(crate) duplicate: bool,
    pub(crate) rejected: Vec<RefusalBody>,
    /// How many items were refused; more than are listed when there are very many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rejected_count: Option<u64>,
}

/// An item that was refused.
#[derive(Debug, Serialize)]
pub(crate) struct RefusalBody {
    pub(crate) pointer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl From<Refusal> for RefusalBody {
    fn from(refusal: Refusal) -> Self {
        Self {
            pointer: refusal.pointer,
            line: refusal.line,
            code: refusal.problem.code,
            detail: refusal.problem.detail,
        }
    }
}

/// Label names and values of a series or group.
pub(crate) type LabelsBody = BTreeMap<&'static str, String>;

pub(crate) fn labels(labels: &[(Label, String)]) -> LabelsBody {
    labels.iter().map(|(label, value)| (label.as_str(), value.clone())).collect()
}

/// An answer made of series.
#[derive(Debug, Serialize)]
pub(crate) struct SeriesBody<P> {
    pub(crate) series: Vec<P>,
    /// Blocks that could not be read, so that what they hold is missing from the series.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) damaged: Vec<String>,
}

/// One series with points.
#[derive(Debug, Serialize)]
pub(crate) struct PointsBody<P> {
    labels: LabelsBody,
    points: Vec<P>,
}

/// Series of domain points as series of JSON points.
pub(crate) fn series<P, B>(
    answer: Vec<Series<P>>,
    point: impl Fn(P) -> B,
) -> SeriesBody<PointsBody<B>> {
    let one = |series: Series<P>| PointsBody {
        labels: labels(&series.labels),
        points: series.points.into_iter().map(&point).collect(),
    };
    SeriesBody { series: answer.into_iter().map(one).collect(), damaged: Vec::new() }
}

/// The latency of one window.
#[derive(Debug, Serialize)]
pub(crate) struct LatencyBody {
    t: String,
    count: u64,
    quantiles: Vec<QuantileBody>,
}

#[derive(Debug, Serialize)]
struct QuantileBody {
    q: f64,
    ms: f64,
    lower_ms: f64,
    upper_ms: f64,
}

impl From<LatencyPoint> for LatencyBody {
    fn from(point: LatencyPoint) -> Self {
        let quantile = |(q, quantile): (f64, plimsoll_storage::Quantile)| QuantileBody {
            q,
            ms: ms(quantile.value_s),
            lower_ms: ms(quantile.lower_s),
            upper_ms: ms(quantile.upper_s),
        };
        Self {
            t: time::format(point.t),
            count: point.count,
            quantiles: point.quantiles.into_iter().map(quantile).collect(),
        }
    }
}

/// Seconds as milliseconds, to a nanosecond: what lies below is the double's own noise.
fn ms(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e6
}

/// The outcomes of one window.
#[derive(Debug, Serialize)]
pub(crate) struct OutcomesBody {
    t: String,
    count: u64,
    outcomes: BTreeMap<&'static str, OutcomeBody>,
}

#[derive(Debug, Serialize)]
struct OutcomeBody {
    count: u64,
    per_second: f64,
    ratio: f64,
}

impl From<OutcomePoint> for OutcomesBody {
    fn from(point: OutcomePoint) -> Self {
        let outcome = |(class, count)| {
            let body = OutcomeBody {
                count,
                per_second: point.per_second(class),
                ratio: point.ratio(class),
            };
            (class.as_str(), body)
        };
        Self {
            t: time::format(point.t),
            count: point.counts.total(),
            outcomes: point.counts.iter().map(outcome).collect(),
        }
    }
}

/// A gauge over one window.
#[derive(Debug, Serialize)]
pub(crate) struct GaugeBody {
    t: String,
    count: u64,
    last: f64,
    min: f64,
    max: f64,
    mean: f64,
}

impl From<GaugePoint> for GaugeBody {
    fn from(GaugePoint { t, gauge }: GaugePoint) -> Self {
        Self {
            t: time::format(t),
            count: gauge.count,
            last: gauge.last,
            min: gauge.min,
            max: gauge.max,
            mean: gauge.mean(),
        }
    }
}

/// The newest event of a group.
#[derive(Debug, Serialize)]
pub(crate) struct FreshnessBody {
    labels: LabelsBody,
    last_at: Option<String>,
    age_s: Option<f64>,
}

impl FreshnessBody {
    pub(crate) fn new(freshness: &Freshness, now: TimestampMs) -> Self {
        Self {
            labels: labels(&freshness.labels),
            last_at: freshness.last_at.map(time::format),
            age_s: freshness.last_at.map(|at| age_s(at, now)),
        }
    }
}

/// Seconds since `at`, not below zero when clocks differ.
fn age_s(at: TimestampMs, now: TimestampMs) -> f64 {
    now.since_ms(at).max(0) as f64 / 1e3
}

/// The partners that ever reported.
#[derive(Debug, Serialize)]
pub(crate) struct PartnersBody {
    pub(crate) partners: Vec<PartnerBody>,
}

/// One partner.
#[derive(Debug, Serialize)]
pub(crate) struct PartnerBody {
    partner: String,
    streams: Vec<String>,
    series: u64,
    last_at: Option<String>,
    age_s: Option<f64>,
}

impl PartnerBody {
    pub(crate) fn new(partner: Partner, now: TimestampMs) -> Self {
        Self {
            partner: partner.name,
            streams: partner.streams.into_iter().collect(),
            series: partner.series,
            last_at: partner.last_at.map(time::format),
            age_s: partner.last_at.map(|at| age_s(at, now)),
        }
    }
}

/// The reserved labels, each with how many values it has.
#[derive(Debug, Serialize)]
pub(crate) struct LabelNamesBody {
    pub(crate) labels: Vec<LabelNameBody>,
}

/// One reserved label.
#[derive(Debug, Serialize)]
pub(crate) struct LabelNameBody {
    pub(crate) name: &'static str,
    pub(crate) values: usize,
}

/// The values of a label.
#[derive(Debug, Serialize)]
pub(crate) struct LabelValuesBody {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}
