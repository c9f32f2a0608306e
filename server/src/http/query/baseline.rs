//! `GET /api/v1/query/baseline`: the expected value for this weekday and time.

use axum::extract::State;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use plimsoll_alerting::{Alert, AlertFilter, alerts};
use plimsoll_query::limits::BASELINE_WEEKS_MAX;
use plimsoll_query::{ClassRatio, ERRORS, ExcludedPeriod, Measure, PastWeeks, Selector};
use plimsoll_storage::{Label, TimestampMs};

use super::ratio::{self, class_ratio};
use super::{Answer, damaged};
use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{Query, Repeated, WithDefault};
use crate::http::params::grid::GRID;
use crate::http::params::kind::{Choice, Integer, OutcomeClass, TimeZoneName};
use crate::http::params::labels::{BY, LABELS, STREAM};
use crate::http::reply::Reply;
use crate::wire::query::baseline::{BaselineBody, BaselinePointBody};
use crate::wire::query::series::{CoversBody, ExampleBody, PointsBody, series};

const SIGNAL: WithDefault<Choice<Signal>> = Query::new(
    "signal",
    Choice(&[("count", Signal::Count), ("ratio", Signal::Ratio), ("p95", Signal::P95)]),
    "count",
    "The value that is compared with the expected one.",
)
.or(Signal::Count);
const WEEKS: WithDefault<Integer> = Query::new(
    "weeks",
    Integer(1, BASELINE_WEEKS_MAX as usize),
    "4",
    "How many weeks to look back.",
)
.or(4);
const TIME_ZONE: Query<TimeZoneName> = Query::new(
    "time_zone",
    TimeZoneName,
    "Europe/Berlin",
    "The time zone in which a week ago is the same time of day; that of the partner when left out, else UTC.",
);
const OF: Repeated<OutcomeClass> = ratio::OF.needs("signal=ratio");
const TO: Repeated<OutcomeClass> = ratio::TO.needs("signal=ratio&of=5xx");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Count,
    Ratio,
    P95,
}

/// A measure, and how it is shown.
struct ShownMeasure {
    signal: &'static str,
    unit: &'static str,
    /// From the unit of the query engine to that of the answer.
    scale: f64,
    measure: Measure,
}

impl ShownMeasure {
    /// Reads [`SIGNAL`], and for a ratio [`OF`] and [`TO`].
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        let signal = params.read(&SIGNAL)?;
        if signal != Signal::Ratio {
            params.reject(&OF, "needs `signal=ratio`")?;
            params.reject(&TO, "needs `signal=ratio`")?;
        }
        Ok(match signal {
            Signal::Count => {
                Self { signal: "count", unit: "count", scale: 1.0, measure: Measure::Count }
            }
            Signal::Ratio => {
                let ratio = class_ratio(params)?.unwrap_or_else(|| ClassRatio::of_all(&ERRORS));
                Self { signal: "ratio", unit: "ratio", scale: 1.0, measure: Measure::Ratio(ratio) }
            }
            Signal::P95 => {
                Self { signal: "p95", unit: "ms", scale: 1e3, measure: Measure::Quantile(0.95) }
            }
        })
    }
}

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/query/baseline", baseline)
            .about(
                "The expected value for this weekday and time",
                "Median and spread over past weeks, without slots inside past incidents, and how many weeks \
                 support it. Windows and steps are whole minutes.",
            )
            .takes(&[&STREAM, &BY, &LABELS, &GRID, &SIGNAL, &WEEKS, &TIME_ZONE, &OF, &TO])
            .answers_rows::<BaselineBody>()
            .reads_cells(),
    ]
}

async fn baseline(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let ShownMeasure { signal, unit, scale, measure } = ShownMeasure::read(&mut params)?;
    let selector = params.selector(None)?;
    let by = params.by()?;
    let grid = params.grid_of_minutes(app.now())?;
    let (weeks, zone) = weeks_and_zone(&mut params)?;
    let zone = zone.or_else(|| zone_of(&app, &selector)).unwrap_or(TimeZone::UTC);
    params.end()?;
    app.ask(move |app, budget| {
        let grid = grid.within(budget);
        let past = PastWeeks {
            measure,
            weeks_ms: weeks_back(weeks, grid.last(), &zone),
            excluded: excluded(app, &selector)?,
        };
        let found = plimsoll_query::baseline(&app.store, &selector, &by, &grid, &past)?;
        let mut damaged = damaged(app, &selector, &grid);
        for back_ms in &past.weeks_ms {
            damaged.extend(super::damaged(app, &selector, &grid.earlier(*back_ms)));
        }
        let now = app.now();
        let example = || PointsBody::example(&by, BaselinePointBody::EXAMPLE);
        let reply = reply.like(|| ExampleBody { series: [example()] })?;
        let reply = reply.ends_at(grid.last(), now).damaged(damaged.len());
        reply.send(&BaselineBody {
            signal,
            unit,
            weeks,
            time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            series: series(found, |point| BaselinePointBody::new(&point, scale)),
            covers: CoversBody::new(&app.store, &grid, now),
            damaged,
        })
    })
    .await
}

/// How many weeks to look back, and the time zone if one is given.
pub(crate) fn weeks_and_zone(params: &mut Params) -> Result<(u32, Option<TimeZone>), ApiError> {
    Ok((params.read(&WEEKS)? as u32, params.read(&TIME_ZONE)?))
}

/// The time zone of the selected partner, when it is a single one and the rules file has its time zone.
fn zone_of(app: &App, selector: &Selector) -> Option<TimeZone> {
    let partner = selector.labels.only(Label::Partner)?;
    let rules = app.rules.get();
    rules.partners.iter().find(|known| known.name == partner)?.zone()
}

/// How far back each of some weeks is from `end`, in ms, at the same time of day in a time zone.
fn weeks_back(weeks: u32, end: TimestampMs, zone: &TimeZone) -> Vec<i64> {
    let Ok(now) = Timestamp::from_millisecond(end.0) else {
        return plimsoll_query::utc_weeks(weeks);
    };
    let now = now.to_zoned(zone.clone());
    let back = |week: u32| {
        // Before the calendar begins there is no data.
        let then = now.checked_sub(i64::from(week).weeks()).ok()?;
        Some(end.0 - then.timestamp().as_millisecond())
    };
    (1..=weeks).filter_map(back).collect()
}

/// The stored alerts, as periods that the baseline leaves out: without those of environments that are not
/// selected.
fn excluded(app: &App, selector: &Selector) -> Result<Vec<ExcludedPeriod>, ApiError> {
    let mut alerts = alerts::list(&app.store, &AlertFilter::default(), usize::MAX)?;
    let any_stream = Selector { stream: None, ..selector.clone() };
    alerts.retain(|alert| {
        let environment = alert.labels.get(Label::Environment);
        environment.is_none_or(|it| any_stream.could_select("", Label::Environment, it))
    });
    Ok(alerts.iter().map(period).collect())
}

/// The period of an alert starts a window before it was pending, when its cause began.
fn period(alert: &Alert) -> ExcludedPeriod {
    let labels = alert.labels.iter().map(|(label, value)| (label, value.to_owned()));
    let start = alert.pending_at.plus_ms(-alert.window_ms);
    let end = alert.resolved_at.unwrap_or(TimestampMs(i64::MAX));
    ExcludedPeriod { labels: labels.collect(), during: start..end }
}

#[cfg(test)]
mod tests;
