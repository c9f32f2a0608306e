//! Outcomes as JSON: counts, rates, shares, and the ratio of sets of classes.

use std::collections::BTreeMap;

use plimsoll_query::{AmplificationPoint, OutcomePoint, Ratio, difference};
use plimsoll_storage::{Outcome, TimestampMs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::wire::query::series::{EstimateBody, Point};
use crate::wire::time;

/// The outcomes of one window, with the ratio that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct RatedOutcomes {
    pub(crate) outcomes: OutcomePoint,
    pub(crate) ratio: Option<Ratio>,
    /// Whether the ratio is a share, from 0 to 1.
    pub(crate) is_share: bool,
}

/// The outcomes of one window.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutcomesBody {
    count: u64,
    outcomes: BTreeMap<&'static str, OutcomeBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<RatioBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OutcomeBody {
    count: u64,
    per_second: f64,
    ratio: f64,
}

/// The items of some classes, for each item of others.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RatioBody {
    /// Items of the classes counted.
    of: u64,
    /// Items of the classes they are compared with.
    to: u64,
    #[serde(flatten)]
    pub(crate) ratio: EstimateBody,
}

impl From<Ratio> for RatioBody {
    fn from(Ratio { of, to, ratio }: Ratio) -> Self {
        Self { of, to, ratio: ratio.map_or(EstimateBody::UNKNOWN, Into::into) }
    }
}

/// The difference from one release to another. A class that neither has is left out.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutcomesDifferenceBody {
    count: i64,
    outcomes: BTreeMap<&'static str, OutcomeDifferenceBody>,
    /// Of shares only.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<EstimateBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OutcomeDifferenceBody {
    count: i64,
    per_second: f64,
    ratio: f64,
}

impl Point for RatedOutcomes {
    type Body = OutcomesBody;
    type Difference = OutcomesDifferenceBody;

    fn t(&self) -> TimestampMs {
        self.outcomes.t
    }

    fn to_body(&self) -> OutcomesBody {
        let point = &self.outcomes;
        let outcome = |(class, count): (Outcome, u64)| {
            let body = OutcomeBody {
                count,
                per_second: point.per_second(class),
                ratio: point.ratio(class),
            };
            (class.as_str(), body)
        };
        OutcomesBody {
            count: point.counts.total(),
            outcomes: point.counts.iter().map(outcome).collect(),
            ratio: self.ratio.map(Into::into),
        }
    }

    fn difference(&self, other: &Self) -> OutcomesDifferenceBody {
        let (a, b) = (&self.outcomes, &other.outcomes);
        let more = |a: u64, b: u64| b.cast_signed().saturating_sub(a.cast_signed());
        let seen = |class: &Outcome| a.counts.get(*class) > 0 || b.counts.get(*class) > 0;
        let outcome = |class: Outcome| {
            let body = OutcomeDifferenceBody {
                count: more(a.counts.get(class), b.counts.get(class)),
                per_second: b.per_second(class) - a.per_second(class),
                ratio: b.ratio(class) - a.ratio(class),
            };
            (class.as_str(), body)
        };
        let ratios = self.ratio.zip(other.ratio).filter(|_| self.is_share);
        let shares = ratios.and_then(|(a, b)| a.ratio.zip(b.ratio));
        OutcomesDifferenceBody {
            count: more(a.counts.total(), b.counts.total()),
            outcomes: Outcome::ALL.into_iter().filter(seen).map(outcome).collect(),
            ratio: shares.map(|(a, b)| difference(a, b).into()),
        }
    }
}

/// Attempts and requests of one window.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AmplificationBody {
    t: String,
    attempts: u64,
    requests: u64,
    /// Attempts for each request; null when there was no request.
    ratio: Option<f64>,
}

impl From<AmplificationPoint> for AmplificationBody {
    fn from(point: AmplificationPoint) -> Self {
        Self {
            t: time::format(point.t),
            attempts: point.attempts,
            requests: point.requests,
            ratio: point.ratio(),
        }
    }
}
