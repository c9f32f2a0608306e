//! `GET /api/v1/query/baseline`: what is usual for this weekday and time.

use axum::extract::{RawQuery, State};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use plimsoll_alerting::{Alert, AlertFilter, alerts};
use plimsoll_query::{ClassRatio, ERRORS, ExcludedPeriod, Measure, PastWeeks, Selector};
use plimsoll_storage::{Label, Matcher, StreamKind, TimestampMs};

use super::{Answer, damaged};
use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;
use crate::wire::query::baseline::{BaselineBody, BaselinePointBody};
use crate::wire::query::series::{CoversBody, series};

/// What is measured, and how it is shown.
struct Signal {
    name: &'static str,
    unit: &'static str,
    /// From the unit of the engine to that of the answer.
    scale: f64,
    measure: Measure,
}

impl Signal {
    /// `signal`, and for a ratio `of` and `to`.
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        let names = ["count", "ratio", "p95"].map(|name| (name, name));
        let name = params.choice("signal", &names)?.unwrap_or("count");
        let (unit, scale, measure) = match name {
            "ratio" => {
                let of = params.class_ratio_alone()?;
                ("ratio", 1.0, Measure::Ratio(of.unwrap_or_else(|| ClassRatio::of_all(&ERRORS))))
            }
            "p95" => ("ms", 1e3, Measure::Quantile(0.95)),
            _ => ("count", 1.0, Measure::Count),
        };
        if name != "ratio" {
            params.refuse("of", "needs `signal=ratio`")?;
            params.refuse("to", "needs `signal=ratio`")?;
        }
        Ok(Self { name, unit, scale, measure })
    }
}

pub(crate) async fn baseline(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    let mut params = Params::new(query.as_deref())?;
    let Signal { name, unit, scale, measure } = Signal::read(&mut params)?;
    let selector = params.selector(StreamKind::Activity, Defaults::ANY)?;
    let by = params.by()?;
    let grid = params.grid_of_minutes(app.now(), Defaults::ANY)?;
    let weeks = params.weeks()?;
    let zone = params.time_zone()?.or_else(|| zone_of(&app, &selector)).unwrap_or(TimeZone::UTC);
    params.end()?;
    app.ask(move |app, budget| {
        let grid = grid.within(budget);
        let past = PastWeeks {
            measure,
            weeks_ms: weeks_back(weeks, grid.last(), &zone),
            excluded: excluded(app)?,
        };
        let found = plimsoll_query::baseline(&app.store, &selector, &by, &grid, &past)?;
        let mut damaged = damaged(app, &selector, &grid);
        for back_ms in &past.weeks_ms {
            damaged.extend(super::damaged(app, &selector, &grid.earlier(*back_ms)));
        }
        let now = app.now();
        let reply = reply.settled(grid.last(), now).damaged(damaged.len());
        reply.send(&BaselineBody {
            signal: name,
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

/// The time zone of the partner asked about, when it is one that the rules file tells it of.
fn zone_of(app: &App, selector: &Selector) -> Option<TimeZone> {
    let partner = selector.labels.iter().find_map(|(label, matcher)| match matcher {
        Matcher::In(values) if label == Label::Partner && values.len() == 1 => values.first(),
        _ => None,
    })?;
    let rules = app.rules.get();
    let known = rules.partners.iter().find(|known| known.name == *partner)?;
    TimeZone::get(known.time_zone.as_deref()?).ok()
}

/// How far back some weeks lie by the clocks of a time zone, seen from `end`, in ms.
fn weeks_back(weeks: u32, end: TimestampMs, zone: &TimeZone) -> Vec<i64> {
    let Ok(now) = Timestamp::from_millisecond(end.0) else {
        return plimsoll_query::utc_weeks(weeks);
    };
    let now = now.to_zoned(zone.clone());
    let back = |week: u32| {
        // A week before the calendar began has nothing in it.
        let then = now.checked_sub(i64::from(week).weeks()).ok()?;
        Some(end.0 - then.timestamp().as_millisecond())
    };
    (1..=weeks).filter_map(back).collect()
}

/// The periods of all recorded alerts.
fn excluded(app: &App) -> Result<Vec<ExcludedPeriod>, ApiError> {
    let alerts = alerts::list(&app.store, &AlertFilter::default(), usize::MAX)?;
    Ok(alerts.iter().map(period).collect())
}

/// The period of an alert begins one window before the alert became pending.
fn period(alert: &Alert) -> ExcludedPeriod {
    let labels = alert.labels.iter().map(|(label, value)| (label, value.to_owned()));
    let start = alert.pending_at.plus_ms(-alert.window_ms);
    let end = alert.resolved_at.unwrap_or(TimestampMs(i64::MAX));
    ExcludedPeriod { labels: labels.collect(), during: start..end }
}

#[cfg(test)]
mod tests;
