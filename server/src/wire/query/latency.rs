//! Latencies as JSON: quantiles, shares under a threshold, heat maps.

use std::collections::BTreeMap;

use plimsoll_query::{Estimate, HeatBucket, HeatPoint, LatencyPoint};
use plimsoll_storage::{Quantile, TimestampMs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::query::series::{CoversBody, EstimateBody, Point, PointsBody};
use crate::wire::time;

/// The latency of one window.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LatencyBody {
    count: u64,
    #[serde(flatten)]
    values: LatencyValuesBody,
}

/// Measures of the durations of one window, or of the difference of two.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LatencyValuesBody {
    quantiles: Vec<QuantileBody>,
    /// The share of durations that are at most as long as each threshold.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    under: BTreeMap<String, EstimateBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    apdex: Option<EstimateBody>,
}

/// A quantile with its bounds, in ms.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct QuantileBody {
    q: f64,
    pub(crate) ms: f64,
    lower_ms: f64,
    upper_ms: f64,
}

impl QuantileBody {
    pub(crate) fn new(q: f64, quantile: Quantile) -> Self {
        let Quantile { value_s, lower_s, upper_s } = quantile;
        Self { q, ms: ms(value_s), lower_ms: ms(lower_s), upper_ms: ms(upper_s) }
    }
}

/// Seconds as milliseconds, rounded to a nanosecond: digits below that are rounding errors.
pub(crate) fn ms(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e6
}

impl Point for LatencyPoint {
    type Body = LatencyBody;
    type Difference = LatencyValuesBody;

    fn t(&self) -> TimestampMs {
        self.t
    }

    fn to_body(&self) -> LatencyBody {
        let quantiles = self.quantiles.iter().map(|(q, quantile)| QuantileBody::new(*q, *quantile));
        let under = self.under.iter().map(|(ms, share)| (threshold(*ms), (*share).into()));
        LatencyBody {
            count: self.count,
            values: LatencyValuesBody {
                quantiles: quantiles.collect(),
                under: under.collect(),
                apdex: self.apdex.map(Into::into),
            },
        }
    }

    fn difference(&self, other: &Self) -> LatencyValuesBody {
        let quantiles = self.quantiles.iter().zip(&other.quantiles).map(|((q, a), (_, b))| {
            let difference = Quantile {
                value_s: b.value_s - a.value_s,
                lower_s: b.lower_s - a.upper_s,
                upper_s: b.upper_s - a.lower_s,
            };
            QuantileBody::new(*q, difference)
        });
        let under = self.under.iter().zip(&other.under);
        let under = under.map(|((ms, a), (_, b))| (threshold(*ms), certain_difference(*a, *b)));
        LatencyValuesBody {
            quantiles: quantiles.collect(),
            under: under.collect(),
            apdex: self.apdex.zip(other.apdex).map(|(a, b)| certain_difference(a, b)),
        }
    }
}

/// The difference of two numbers whose bounds are certain.
fn certain_difference(a: Estimate, b: Estimate) -> EstimateBody {
    let (value, lower, upper) = (b.value - a.value, b.lower - a.upper, b.upper - a.lower);
    Estimate { value, lower, upper }.into()
}

/// A threshold as the name of a field: `500ms`.
fn threshold(ms: i64) -> String {
    format!("{ms}ms")
}

/// A heat map.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HeatmapBody {
    /// Ascending, without a gap.
    pub(crate) buckets: Vec<BucketBody>,
    pub(crate) series: Vec<PointsBody<HeatPointBody>>,
    pub(crate) covers: CoversBody,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) damaged: Vec<String>,
}

/// Durations above the one and up to the other; 0 to 0 is for durations of exactly 0.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BucketBody {
    lower_ms: f64,
    upper_ms: f64,
}

impl From<HeatBucket> for BucketBody {
    fn from(bucket: HeatBucket) -> Self {
        Self { lower_ms: ms(bucket.lower_s), upper_ms: ms(bucket.upper_s) }
    }
}

/// One column of a heat map.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HeatPointBody {
    t: String,
    count: u64,
    /// One for each of the buckets.
    counts: Vec<u64>,
}

impl From<HeatPoint> for HeatPointBody {
    fn from(point: HeatPoint) -> Self {
        let count = point.counts.iter().sum();
        Self { t: time::format(point.t), count, counts: point.counts }
    }
}
