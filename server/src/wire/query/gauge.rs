//! Gauges as JSON.

use plimsoll_query::GaugePoint;
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::number;
use crate::wire::query::series::Point;

/// A gauge over one window.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GaugeBody {
    count: u64,
    last: f64,
    min: f64,
    max: f64,
    mean: f64,
}

impl Point for GaugePoint {
    type Body = GaugeBody;
    /// Gauges are not compared by release.
    type Difference = ();

    fn t(&self) -> TimestampMs {
        self.t
    }

    fn to_body(&self) -> GaugeBody {
        let gauge = &self.gauge;
        GaugeBody {
            count: gauge.count,
            last: gauge.last,
            min: gauge.min,
            max: gauge.max,
            mean: number::plain(gauge.mean()),
        }
    }

    fn difference(&self, _: &Self) {}
}
