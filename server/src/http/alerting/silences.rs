//! `/api/v1/silences`: periods in which matching alerts are told to nobody.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use plimsoll_alerting::rule::{Period, Schedule};
use plimsoll_alerting::silence::SILENCE_MS_MAX;
use plimsoll_alerting::silence::{self, Silence};
use plimsoll_alerting::{AlertFilter, alerts};
use plimsoll_storage::{Label, LabelMatchers, StreamKind, TimestampMs};

use crate::app::App;
use crate::error::ApiError;
use crate::http::params::Params;
use crate::wire::alerting::silence::{
    CoverageBody, MadeSilenceBody, OneOrMany, STATES, SilenceBody, SilenceRequest, SilencesBody,
    state,
};
use crate::wire::push::truncated;
use crate::wire::time;

/// The body is a few fields.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Partners and alerts that are named of what a silence covers.
const NAMED_MAX: usize = 20;
/// Characters of an author or reason.
const WORDS_MAX: usize = 1_000;

pub(crate) async fn list(
    State(app): State<App>,
    RawQuery(query): RawQuery,
) -> Result<Json<SilencesBody>, ApiError> {
    let mut params = Params::new(query.as_deref())?;
    let wanted = params.choice("state", &STATES.map(|state| (state, state)))?;
    params.end()?;
    let now = app.now();
    let mut silences = silence::list(&app.store)?;
    silences.retain(|it| wanted.is_none_or(|wanted| wanted == state(it, now)));
    silences.sort_by_key(|silence| std::cmp::Reverse(silence.period.start));
    let silences = silences.into_iter().map(|silence| SilenceBody::new(silence, now)).collect();
    Ok(Json(SilencesBody { silences }))
}

pub(crate) async fn create(
    State(app): State<App>,
    body: Body,
) -> Result<Json<MadeSilenceBody>, ApiError> {
    let body = to_bytes(body, BODY_BYTES_MAX)
        .await
        .map_err(|_| ApiError::too_large("the body", BODY_BYTES_MAX))?;
    let request: SilenceRequest = serde_json::from_slice(&body).map_err(|error| {
        let example =
            r#"{"author":"ann","reason":"vendor call","match":{"partner":"dhl"},"for":"2h"}"#;
        ApiError::malformed(format!("the body must be like {example}: {error}"))
    })?;
    let (now, dry_run) = (app.now(), request.dry_run);
    let silence = checked(request, now)?;
    if silence.rule.as_ref().is_some_and(|rule| app.rules.get().rule(rule).is_none()) {
        return Err(refused("rule", "names no rule in force; `/api/v1/rules` lists them"));
    }
    let covers = tokio::task::block_in_place(|| coverage(&app, &silence))?;
    if !dry_run && !tokio::task::block_in_place(|| silence::put(&app.store, &silence, now))? {
        let detail = "there are too many silences; end some and come back";
        return Err(ApiError::conflict("too_many_silences", detail));
    }
    Ok(Json(MadeSilenceBody { dry_run, silence: SilenceBody::new(silence, now), covers }))
}

/// Ends a silence now; one that has not begun never will.
pub(crate) async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<SilenceBody>, ApiError> {
    let now = app.now();
    let found = silence::get(&app.store, &id)?;
    let mut silence =
        found.ok_or_else(|| ApiError::not_found(format!("silence {:?}", truncated(&id))))?;
    if silence.period.end > now {
        silence.period.end = now;
        tokio::task::block_in_place(|| silence::put(&app.store, &silence, now))?;
    }
    Ok(Json(SilenceBody::new(silence, now)))
}

/// The silence that is asked for, when nothing is wrong with it.
fn checked(request: SilenceRequest, now: TimestampMs) -> Result<Silence, ApiError> {
    for (field, text) in [("author", &request.author), ("reason", &request.reason)] {
        if text.trim().is_empty() || text.chars().count() > WORDS_MAX {
            return Err(refused(field, "must say something, in at most 1000 characters"));
        }
    }
    let matches = matches(request.matches)?;
    if matches.is_empty() && request.rule.is_none() {
        return Err(refused(
            "match",
            "is missing; name the labels or the `rule` of what is silenced",
        ));
    }
    let moment = |field, text: &str| {
        time::parse(text).ok_or_else(|| {
            refused(field, "must be RFC 3339 (2026-11-20T19:04:40Z) or epoch milliseconds")
        })
    };
    // What was told already cannot be silenced afterwards.
    let start = request.start.map_or(Ok(now), |text| moment("start", &text))?.max(now);
    let end = match (request.end, request.lasts) {
        (Some(end), None) => moment("end", &end)?,
        (None, Some(lasts)) => {
            let ms = time::parse_duration_ms(&lasts);
            start.plus_ms(ms.ok_or_else(|| refused("for", "must be a duration such as 30m or 2h"))?)
        }
        _ => return Err(refused("end", "or `for` must be given, and only one of them")),
    };
    if end <= start || end <= now || end.since_ms(start) > SILENCE_MS_MAX {
        return Err(refused(
            "end",
            "must lie after `start` and now, and at most 30 days after `start`",
        ));
    }
    let weekly = request.weekly.map(|hours| {
        let read = Schedule::read(&hours.days, &hours.from, &hours.to, &hours.time_zone);
        read.map_err(|problem| refused("weekly", &format!("is wrong: {problem}")))
    });
    let period = Period { start, end, weekly: weekly.transpose()? };
    let (author, reason, rule) = (request.author, request.reason, request.rule);
    let id = String::new();
    Ok(Silence { id, matches, rule, period, author, reason, created_at: now }.with_id())
}

fn matches(
    given: BTreeMap<String, OneOrMany>,
) -> Result<BTreeMap<Label, BTreeSet<String>>, ApiError> {
    let one = |(name, values): (String, OneOrMany)| {
        let label = Label::parse(&name).ok_or_else(|| {
            refused("match", &format!("names {:?}, which is no label", truncated(&name)))
        })?;
        let values: BTreeSet<String> = match values {
            OneOrMany::One(value) => BTreeSet::from([value]),
            OneOrMany::Many(values) => values.into_iter().collect(),
        };
        if values.is_empty() || values.iter().any(String::is_empty) {
            return Err(refused("match", &format!("names no value of {name}")));
        }
        Ok((label, values))
    };
    given.into_iter().map(one).collect()
}

/// How far a silence reaches: what is stored, and what is open now.
fn coverage(app: &App, silence: &Silence) -> Result<CoverageBody, ApiError> {
    let labels: LabelMatchers = silence.matches.clone().into();
    let streams: Vec<_> = [StreamKind::Activity, StreamKind::Gauge]
        .into_iter()
        .flat_map(|kind| app.store.select(kind, None, &labels))
        .collect();
    let partners = app.store.group(&streams, &[Label::Partner]);
    let open = AlertFilter { open: Some(true), ..AlertFilter::default() };
    let mut alerts = alerts::list(&app.store, &open, usize::MAX)?;
    let rules = app.rules.get();
    alerts.retain(|alert| {
        let rule = rules.rule(&alert.rule);
        let labels = rule.map_or_else(|| alert.labels.clone(), |it| it.known_labels(&alert.labels));
        silence.selects(&alert.rule, &labels)
    });
    let open_alert_count = alerts.len();
    alerts.truncate(NAMED_MAX);
    Ok(CoverageBody {
        streams: streams.len(),
        partner_count: partners.len(),
        partners: partners.into_iter().take(NAMED_MAX).flat_map(|(values, _)| values).collect(),
        open_alert_count,
        open_alerts: super::alerts::bodies(&app.store, alerts)?,
    })
}

/// A field that is wrong.
fn refused(field: &str, detail: &str) -> ApiError {
    ApiError::malformed(format!("field `{field}` {detail}"))
}
