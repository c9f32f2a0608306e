//! A baseline as JSON.

use plimsoll_query::{BaselinePoint, ExpectedValue};
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::query::series::{CoversBody, PointsBody};
use crate::wire::time;

/// Measured and expected values.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BaselineBody {
    pub(crate) signal: &'static str,
    /// `count`, `ratio` or `ms`.
    pub(crate) unit: &'static str,
    /// The number of past weeks.
    pub(crate) weeks: u32,
    /// The time zone in which a week ago is the same time of day.
    pub(crate) time_zone: String,
    pub(crate) series: Vec<PointsBody<BaselinePointBody>>,
    pub(crate) covers: CoversBody,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) damaged: Vec<String>,
}

/// One point; values are in the unit of the answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct BaselinePointBody {
    t: String,
    /// What was measured; null without data.
    value: Option<f64>,
    /// What is expected; null when no past week supports it.
    #[serde(rename = "usual")]
    expected: Option<ExpectedValueBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExpectedValueBody {
    /// How many weeks support it.
    weeks: u32,
    median: f64,
    /// A quarter of the weeks was below.
    lower: f64,
    /// A quarter of the weeks was above.
    upper: f64,
    /// The median absolute deviation.
    mad: f64,
}

impl BaselinePointBody {
    /// A point with every field.
    pub(crate) const EXAMPLE: Self = Self {
        t: String::new(),
        value: None,
        expected: Some(ExpectedValueBody {
            weeks: 0,
            median: 0.0,
            lower: 0.0,
            upper: 0.0,
            mad: 0.0,
        }),
    };

    /// Values are multiplied by `scale`, from the unit of the engine to that of the answer.
    pub(crate) fn new(point: &BaselinePoint, scale: f64) -> Self {
        let expected = |expected: ExpectedValue| ExpectedValueBody {
            weeks: expected.weeks,
            median: expected.median * scale,
            lower: expected.lower * scale,
            upper: expected.upper * scale,
            mad: expected.mad * scale,
        };
        Self {
            t: time::format(point.t),
            value: point.value.map(|value| value * scale),
            expected: point.expected.map(expected),
        }
    }
}
