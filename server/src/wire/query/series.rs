//! Answers made of series of points, as JSON; alone, beside an earlier answer, or by release.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Not;

use plimsoll_query::{Estimate, Grid, Pair, Series, coarser_cells_ms, parallel_map};
use plimsoll_storage::{Label, Store, TimestampMs};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::wire::time::{self, Times};

/// Label names and values of a series or group.
pub(crate) type LabelsBody = BTreeMap<&'static str, String>;

pub(crate) fn labels(labels: &[(Label, String)]) -> LabelsBody {
    labels.iter().map(|(label, value)| (label.as_str(), value.clone())).collect()
}

/// An answer made of series.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SeriesBody<S> {
    pub(crate) series: Vec<S>,
    /// The slots that the points cover together; each covers the whole ones in its window.
    pub(crate) covers: CoversBody,
    /// Which releases `a` and `b` of each point are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) releases: Option<ReleasesBody>,
    /// Blocks that could not be read, so that what they hold is missing from the series.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) damaged: Vec<String>,
}

/// The slots that an answer covers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct CoversBody {
    from: String,
    to: String,
    /// Whether the newest slot is not over yet.
    open: bool,
    /// When slots this old have expired: the length of the cells that are used instead, in seconds. Each is
    /// counted where it begins, so windows may be off at their borders.
    #[serde(skip_serializing_if = "Option::is_none")]
    coarser_s: Option<f64>,
    /// When a `start` or `end` was not at a border of slots: it was rounded, and `from` and `to` say how.
    #[serde(skip_serializing_if = "Not::not")]
    rounded: bool,
    /// When `step` is longer than `window`: how much is left out between two windows, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    gap_s: Option<f64>,
}

impl CoversBody {
    pub(crate) fn new(store: &Store, grid: &Grid, now: TimestampMs) -> Self {
        let width = store.slot_width();
        let slots = grid.covers(width);
        Self {
            from: time::format(width.start(slots.start)),
            to: time::format(width.start(slots.end)),
            open: !slots.is_empty() && slots.end > width.slot_of(now),
            coarser_s: coarser_cells_ms(store, grid).map(|ms| ms as f64 / 1e3),
            rounded: grid.is_rounded(),
            gap_s: Some(grid.gap_ms() as f64 / 1e3).filter(|gap_s| *gap_s > 0.0),
        }
    }
}

/// Two releases that are compared.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ReleasesBody {
    pub(crate) a: String,
    pub(crate) b: String,
}

/// One series with points.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PointsBody<P> {
    labels: LabelsBody,
    points: Vec<P>,
}

impl<P> PointsBody<P> {
    /// One point of a group of no values, as an example of an answer.
    pub(crate) fn example(by: &[Label], point: P) -> Self {
        Self {
            labels: by.iter().map(|label| (label.as_str(), String::new())).collect(),
            points: vec![point],
        }
    }
}

/// An example of an answer made of series.
#[derive(Debug, Serialize)]
pub(crate) struct ExampleBody<S> {
    pub(crate) series: [S; 1],
}

/// Series of domain points as series of JSON points.
pub(crate) fn series<P, B>(
    answer: Vec<Series<P>>,
    mut point: impl FnMut(P) -> B,
) -> Vec<PointsBody<B>> {
    let one = |series: Series<P>| PointsBody {
        labels: labels(&series.labels),
        points: series.points.into_iter().map(&mut point).collect(),
    };
    answer.into_iter().map(one).collect()
}

/// Writing a point takes as long as reading this many cells.
const POINT_CELLS: usize = 40;

/// Series of domain points, written as JSON; large answers by several threads.
///
/// # Errors
/// When a point cannot be written.
pub(crate) fn written<P: Sync, B: Serialize>(
    answer: &[Series<P>],
    point: impl Fn(&P) -> B + Sync,
) -> serde_json::Result<Vec<Box<RawValue>>> {
    let points: usize = answer.iter().map(|series| series.points.len()).sum();
    parallel_map(answer, points.saturating_mul(POINT_CELLS), || {
        |series: &Series<P>| {
            let points = series.points.iter().map(&point).collect();
            to_raw_value(&PointsBody { labels: labels(&series.labels), points })
        }
    })
}

/// A point of an answer as JSON, and the difference of two of them.
pub(crate) trait Point {
    /// What a point holds.
    type Body: Serialize + JsonSchema;
    /// The difference of each number.
    type Difference: Serialize + JsonSchema;

    /// Its time.
    fn t(&self) -> TimestampMs;

    fn to_body(&self) -> Self::Body;

    /// The difference from this point to another.
    fn difference(&self, other: &Self) -> Self::Difference;
}

/// One point: alone, beside an earlier one, or of two releases. A side without data has no values.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum PointBody<'t, B, D> {
    /// The answer alone.
    Alone {
        t: Cow<'t, str>,
        #[serde(flatten)]
        point: B,
    },
    /// Beside an earlier point.
    Compared {
        t: Cow<'t, str>,
        #[serde(flatten)]
        point: Option<B>,
        #[serde(skip_serializing_if = "Option::is_none")]
        compare: Option<EarlierBody<'t, B>>,
    },
    /// Of two releases.
    Released {
        t: Cow<'t, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<B>,
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<B>,
        /// The difference from `a` to `b`.
        #[serde(skip_serializing_if = "Option::is_none")]
        difference: Option<D>,
    },
}

/// An earlier point.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EarlierBody<'t, B> {
    t: Cow<'t, str>,
    #[serde(flatten)]
    point: B,
}

/// The body of a kind of point.
pub(crate) type PointBodyOf<'t, P> = PointBody<'t, <P as Point>::Body, <P as Point>::Difference>;

pub(crate) fn alone<'t, P: Point>(point: &P, times: &'t Times) -> PointBodyOf<'t, P> {
    PointBody::Alone { t: times.text(point.t()), point: point.to_body() }
}

/// The second of the pair is the earlier one.
pub(crate) fn compared<'t, P: Point>(pair: &Pair<P>, times: &'t Times) -> PointBodyOf<'t, P> {
    let earlier = |point: &P| EarlierBody { t: times.text(point.t()), point: point.to_body() };
    PointBody::Compared {
        t: times.text(pair.t),
        point: pair.a.as_ref().map(P::to_body),
        compare: pair.b.as_ref().map(earlier),
    }
}

pub(crate) fn released<'t, P: Point>(pair: &Pair<P>, times: &'t Times) -> PointBodyOf<'t, P> {
    let (a, b) = (pair.a.as_ref(), pair.b.as_ref());
    PointBody::Released {
        t: times.text(pair.t),
        difference: a.zip(b).map(|(a, b)| a.difference(b)),
        a: a.map(P::to_body),
        b: b.map(P::to_body),
    }
}

/// A value with its bounds; null where nothing bounds it.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub(crate) struct EstimateBody {
    pub(crate) value: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl From<Estimate> for EstimateBody {
    fn from(estimate: Estimate) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            value: finite(estimate.value),
            lower: finite(estimate.lower),
            upper: finite(estimate.upper),
        }
    }
}

impl EstimateBody {
    /// Nothing is known.
    pub(crate) const UNKNOWN: Self = Self { value: None, lower: None, upper: None };
}
