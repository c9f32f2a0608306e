//! `/api/v1/silences`: periods in which nobody is notified of matching alerts.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use plimsoll_alerting::rule::{OutOfReach, Period, Schedule};
use plimsoll_alerting::silence::{self, SILENCE_MS_MAX, Silence};
use plimsoll_alerting::{
    AlertFilter, Rule, RuleSet, SANDBOX, WrittenTime, alerts, parse_duration_ms,
};
use plimsoll_storage::{Label, LabelMatchers, Matcher, StreamKind, TimestampMs};

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::body;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{InPath, Query};
use crate::http::params::kind::{Choice, same};
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::alerting::silence::{
    CoverageBody, MadeSilenceBody, OneOrMany, STATES, SilenceBody, SilenceRequest, SilencesBody,
    UnreachedRuleBody, state,
};
use crate::wire::excerpt;

const STATE: Query<Choice<&str>> = Query::new(
    "state",
    Choice(&STATE_NAMES),
    "active",
    "Those that have not begun, are in force, or are over.",
);
const STATE_NAMES: [(&str, &str); STATES.len()] = same(STATES);
const ID: InPath = InPath { name: "id", example: "01HZX", about: "The silence's id." };

/// The body is a few fields.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Partners and alerts that are named of what a silence covers.
const NAMED_MAX: usize = 20;
/// Characters of an author or reason.
const TEXT_CHARS_MAX: usize = 1_000;

pub(crate) fn calls() -> Vec<Call> {
    const EXAMPLE: &str = r#"{"author":"ann","reason":"vendor call","match":{"partner":"dhl"},"for":"2h","dry_run":true}"#;
    use ErrorCode::{BodyTooLarge, CoversNothing, MalformedBody, TooManySilences};
    vec![
        Call::get("/api/v1/silences", list)
            .about(
                "Periods in which nobody is notified of matching alerts",
                "Those that begin last come first.",
            )
            .takes(&[&STATE])
            .answers_rows::<SilencesBody>(),
        Call::post("/api/v1/silences", create)
            .about(
                "Silence alerts for a while",
                "By label values (`match`), by `rule`, or both, from `start` (now) to `end` or `for` a \
                 while, all of it or in the hours of `weekly`. Alerts that were notified before are still \
                 resolved. It reaches the alerts that have every label it names: the labels that their \
                 rule groups by, and those of which the rule matches one value. The answer shows what it \
                 covers and which rules it does not reach; with `dry_run`, nothing else happens.",
            )
            .body(&[("application/json", EXAMPLE)])
            .answers::<MadeSilenceBody>()
            .errors(&[MalformedBody, BodyTooLarge, TooManySilences, CoversNothing]),
        Call::delete("/api/v1/silences/{id}", end)
            .about("End a silence now", "It is listed for another 30 days.")
            .takes(&[&ID])
            .answers::<SilenceBody>(),
    ]
}

async fn list(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let wanted = params.read(&STATE)?;
    params.end()?;
    let now = app.now();
    let mut silences = silence::list(&app.store)?;
    silences.retain(|it| wanted.is_none_or(|wanted| wanted == state(it, now)));
    silences.sort_by_key(|silence| std::cmp::Reverse(silence.period.start));
    let silences = silences.into_iter().map(|silence| SilenceBody::new(silence, now)).collect();
    reply.rows_of(&["silences"]).send(&SilencesBody { silences })
}

async fn create(State(app): State<App>, body: Body) -> Result<Json<MadeSilenceBody>, ApiError> {
    let wanted = r#"the body must be like {"author":"ann","reason":"vendor call","match":{"partner":"dhl"},"for":"2h"}"#;
    let request: SilenceRequest = body::json(body, BODY_BYTES_MAX, wanted).await?;
    let (now, dry_run) = (app.now(), request.dry_run);
    let silence = checked(request, now)?;
    if silence.rule.as_ref().is_some_and(|rule| app.rules.get().rule(rule).is_none()) {
        return Err(wrong("rule", "names no rule in force; `/api/v1/rules` lists them"));
    }
    check_reach(&app.rules.get(), &silence)?;
    let covers = tokio::task::block_in_place(|| coverage(&app, &silence))?;
    if !dry_run && !tokio::task::block_in_place(|| silence::put(&app.store, &silence, now))? {
        let detail = "there are too many silences; end some and try again";
        return Err(ApiError::new(ErrorCode::TooManySilences, detail));
    }
    Ok(Json(MadeSilenceBody { dry_run, silence: SilenceBody::new(silence, now), covers }))
}

/// Ends a silence now, also one that has not begun.
async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<SilenceBody>, ApiError> {
    let now = app.now();
    let found = silence::get(&app.store, &id)?;
    let mut silence =
        found.ok_or_else(|| ApiError::not_found(format!("silence {:?}", excerpt(&id))))?;
    if silence.period.end > now {
        silence.period.start = silence.period.start.min(now);
        silence.period.end = now;
        tokio::task::block_in_place(|| silence::put(&app.store, &silence, now))?;
    }
    Ok(Json(SilenceBody::new(silence, now)))
}

/// The silence that is asked for.
///
/// # Errors
/// 400 naming the field that is wrong.
fn checked(request: SilenceRequest, now: TimestampMs) -> Result<Silence, ApiError> {
    for (field, text) in [("author", &request.author), ("reason", &request.reason)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
            return Err(wrong(field, "must be a text of 1 to 1000 characters"));
        }
    }
    let (start, end) = start_and_end(&request, now)?;
    let matches = matches(request.matches)?;
    if matches.is_empty() && request.rule.is_none() {
        return Err(wrong(
            "match",
            "is missing; name the labels or the `rule` of what is silenced",
        ));
    }
    let weekly = request.weekly.map(|hours| {
        let read = Schedule::read(&hours.days, &hours.from, &hours.to, &hours.time_zone);
        read.map_err(|problem| wrong("weekly", &format!("is wrong: {problem}")))
    });
    let period = Period { start, end, weekly: weekly.transpose()? };
    let (author, reason, rule) = (request.author, request.reason, request.rule);
    let id = String::new();
    Ok(Silence { id, matches, rule, period, author, reason, created_at: now }.with_id())
}

/// The first and the last time of a silence. A notification that was sent cannot be silenced afterwards, so
/// it starts now at the earliest.
fn start_and_end(
    request: &SilenceRequest,
    now: TimestampMs,
) -> Result<(TimestampMs, TimestampMs), ApiError> {
    let time_of = |field, time: &WrittenTime| {
        time.read().map_err(|error| wrong(field, &format!("is wrong: {error}")))
    };
    let start = request.start.as_ref().map_or(Ok(now), |time| time_of("start", time))?.max(now);
    let (field, end) = match (&request.end, &request.lasts) {
        (Some(end), None) => ("end", time_of("end", end)?),
        (None, Some(lasts)) => {
            let ms = parse_duration_ms(lasts)
                .map_err(|error| wrong("for", &format!("is wrong: {error}")))?;
            ("for", start.plus_ms(ms))
        }
        _ => return Err(wrong("end", "or `for` must be given, and only one of them")),
    };
    if end <= start {
        return Err(wrong(field, "must lie after `start` and now"));
    }
    if end.since_ms(start) > SILENCE_MS_MAX {
        let detail =
            "is longer than 30 days; what lasts longer belongs in `maintenance` of the rules file";
        return Err(wrong(field, detail));
    }
    Ok((start, end))
}

fn matches(given: BTreeMap<String, OneOrMany>) -> Result<LabelMatchers, ApiError> {
    let mut matches = LabelMatchers::new();
    for (name, values) in given {
        let label = Label::parse(&name).ok_or_else(|| {
            wrong("match", &format!("names {:?}, which is not a label", excerpt(&name)))
        })?;
        let values = match values {
            OneOrMany::One(value) => vec![value],
            OneOrMany::Many(values) => values,
        };
        if values.is_empty() {
            return Err(wrong("match", &format!("names no value of {name}")));
        }
        let read = matches.read(label, values.iter().map(String::as_str));
        read.map_err(|error| wrong("match", &format!("is wrong: `{name}` {error}")))?;
    }
    Ok(matches)
}

/// Checks that a silence can mute an alert of some rule.
fn check_reach(rules: &RuleSet, silence: &Silence) -> Result<(), ApiError> {
    let asked = if silence.rule.is_some() { 1 } else { rules.rules.len() };
    let unreached = rules.out_of_reach(silence.rule.as_deref(), &silence.matches);
    let Some((first, reason)) = unreached.first().filter(|_| unreached.len() == asked) else {
        return Ok(());
    };
    let others = match asked - 1 {
        0 => String::new(),
        others => format!(", and so on for {others} more"),
    };
    let detail = format!("it would mute nothing: of rule {:?}, {reason}{others}", first.name);
    Err(ApiError::new(ErrorCode::CoversNothing, detail))
}

/// What a silence covers: stored streams, and alerts that are open now.
fn coverage(app: &App, silence: &Silence) -> Result<CoverageBody, ApiError> {
    let mut labels = silence.matches.clone();
    let names_sandbox = labels.only(Label::Environment) == Some(SANDBOX);
    if !names_sandbox {
        labels.push(Label::Environment, Matcher::NotIn(BTreeSet::from([SANDBOX.to_owned()])));
    }
    let streams: Vec<_> = [StreamKind::Activity, StreamKind::Gauge]
        .into_iter()
        .flat_map(|kind| app.store.select(kind, None, &labels))
        .collect();
    let partners = app.store.group(&streams, &[Label::Partner]);
    let open =
        AlertFilter { open: Some(true), outside_sandbox: !names_sandbox, ..AlertFilter::default() };
    let mut alerts = alerts::list(&app.store, &open, usize::MAX)?;
    let rules = app.rules.get();
    alerts.retain(|alert| {
        let rule = rules.rule(&alert.rule);
        let labels = rule.map_or_else(|| alert.labels.clone(), |it| it.known_labels(&alert.labels));
        silence.selects(&alert.rule, &labels)
    });
    let open_alert_count = alerts.len();
    alerts.truncate(NAMED_MAX);
    let unreached = rules.out_of_reach(silence.rule.as_deref(), &silence.matches);
    let body = |(rule, reason): &(&Rule, OutOfReach)| UnreachedRuleBody {
        rule: rule.name.clone(),
        reason: reason.to_string(),
    };
    let mut warnings = rules.mistyped(&silence.matches);
    if streams.is_empty() {
        warnings.push("no stream has these labels yet; check how their values are written".into());
    }
    Ok(CoverageBody {
        streams: streams.len(),
        partner_count: partners.len(),
        partners: partners.into_iter().take(NAMED_MAX).flat_map(|(values, _)| values).collect(),
        open_alert_count,
        open_alerts: super::alerts::bodies(&app.store, alerts)?,
        unreached_rule_count: unreached.len(),
        unreached_rules: unreached.iter().take(NAMED_MAX).map(body).collect(),
        warnings,
    })
}

/// A field that is wrong.
fn wrong(field: &str, detail: &str) -> ApiError {
    ApiError::malformed(format!("field `{field}` {detail}"))
}
