//! `GET /api/v1/query/baseline`: what is usual for this weekday and time.

use axum::extract::{RawQuery, State};
use plimsoll_alerting::{Alert, AlertFilter, alerts};
use plimsoll_query::{ClassRatio, ERRORS, Incident, Measure, Past, WEEK_MS};
use plimsoll_storage::{StreamKind, TimestampMs};

use super::{Answer, damaged};
use crate::{
    api::reply::Reply,
    app::App,
    error::ApiError,
    wire::{
        baseline::{BaselineBody, BaselinePointBody},
        param::Params,
        question::Defaults,
        series::{CoversBody, series},
    },
};

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
    params.end()?;
    app.ask(move |app, budget| {
        let grid = grid.within(budget);
        let past = Past { measure, weeks, incidents: incidents(app)? };
        let found = plimsoll_query::baseline(&app.store, &selector, &by, &grid, &past)?;
        let mut damaged = damaged(app, &selector, &grid);
        for week in 1..=i64::from(weeks) {
            damaged.extend(super::damaged(app, &selector, &grid.earlier(week * WEEK_MS)));
        }
        let (width, now) = (app.store.slot_width(), app.now());
        let reply = reply.settled(grid.last(), now).damaged(damaged.len());
        reply.send(&BaselineBody {
            signal: name,
            unit,
            weeks,
            series: series(found, |point| BaselinePointBody::new(&point, scale)),
            covers: CoversBody::new(&grid.covers(width), width, now),
            damaged,
        })
    })
    .await
}

/// The alerts on record as times in which something was wrong.
fn incidents(app: &App) -> Result<Vec<Incident>, ApiError> {
    let alerts = alerts::list(&app.store, &AlertFilter::default(), usize::MAX)?;
    Ok(alerts.iter().map(incident).collect())
}

/// What an alert is about began a window before it began to hold.
fn incident(alert: &Alert) -> Incident {
    let labels = alert.labels.iter().map(|(label, value)| (label, value.to_owned()));
    let start = alert.pending_at.plus_ms(-alert.window_ms);
    let end = alert.resolved_at.unwrap_or(TimestampMs(i64::MAX));
    Incident { labels: labels.collect(), during: start..end }
}
