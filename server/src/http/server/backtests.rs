//! `/api/v1/backtests`: rules replayed over the stored data, beside the other work of the server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use plimsoll_alerting::report::Incident;
use plimsoll_alerting::{RuleError, RuleSet, WrittenTime};
use plimsoll_storage::TimestampMs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;
use crate::backtest::job::{Drill, JobRequest, Question};
use crate::backtest::jobs::JobBody;
use crate::backtest::limits::{JOB_BODY_BYTES_MAX, JOB_WAIT_MAX};
use crate::backtest::partner_conditions;
use crate::backtest::variants::suggest::SuggestRequest;
use crate::backtest::variants::sweep::{Sweep, SweepRequest};
use crate::error::{ApiError, ErrorCode};
use crate::http::body;
use crate::http::call::Call;
use crate::http::params::declare::InPath;
use crate::http::query::Answer;
use crate::http::reply::Reply;

/// The request for a backtest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BacktestRequest {
    /// A rules file as text or as an object; the rules in force when left out.
    rules: Option<Value>,
    from: Option<WrittenTime>,
    to: Option<WrittenTime>,
    #[serde(default)]
    partners: BTreeSet<String>,
    /// The release of a drill: only its data is evaluated.
    drill: Option<String>,
    /// A receiver that is notified of the alerts of the drill.
    notify: Option<String>,
    incidents: Option<Value>,
    /// Other rules that the notifications are compared with.
    against: Option<Value>,
    sweep: Option<SweepRequest>,
    suggest: Option<SuggestRequest>,
    /// Whether the result also holds an HTML page with charts.
    #[serde(default)]
    page: bool,
}

/// The backtests that the server remembers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct JobsBody {
    /// Newest first, without results.
    backtests: Vec<JobBody>,
}

const ID: InPath =
    InPath { name: "id", example: "1", about: "The id that `POST /api/v1/backtests` answered." };

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::post("/api/v1/backtests", create)
            .about(
                "Try rules on the stored data",
                "`rules` is a rules file as text or as an object, the rules in force when left out. Nobody \
                 is notified of the alerts. One backtest runs at a time, beside the other work of the \
                 server, and a few wait; results are kept in memory. With `incidents`, the alerts are \
                 scored; with `against`, their notifications are compared with those of other rules; \
                 `sweep` evaluates a rule at several thresholds, and `suggest` finds one; with `page`, the \
                 result holds an HTML page with charts. The sandbox is left out; \
                 with `drill`, the release that `plimsoll simulate` pushed under, only that drill is \
                 evaluated, up to `to`, and `messages` has what each receiver would get; with `notify`, the \
                 receiver of that name gets it.",
            )
            .body(&[("application/json", EXAMPLE)])
            .answers_accepted::<JobBody>()
            .errors(&[ErrorCode::MalformedBody, ErrorCode::BodyTooLarge, ErrorCode::Busy]),
        Call::get("/api/v1/backtests", list)
            .about("The backtests, newest first, without results", "")
            .answers_rows::<JobsBody>(),
        Call::get("/api/v1/backtests/{id}", one)
            .about(
                "The progress and result of a backtest",
                "With the header `Prefer: wait=10`, the answer waits until it is over, for so many seconds \
                 and 30 at most.",
            )
            .takes(&[&ID])
            .answers::<JobBody>(),
        Call::delete("/api/v1/backtests/{id}", cancel)
            .about("Cancel a backtest that waits or runs, or delete one that is over", "")
            .takes(&[&ID])
            .answers::<JobBody>(),
    ]
}

const EXAMPLE: &str = r#"{"rules":"receivers:\n- name: oncall\nrules:\n- name: partner-5xx\n  owner: integrations\n  runbook: partner-5xx\n  signal: { ratio: { of: [5xx], stream: requests } }\n  by: [partner]\n  critical: '> 2%'\n  notify: [oncall]\n",
    "from":"2026-11-20T00:00:00Z","to":"2026-11-21T00:00:00Z","partners":["dhl"]}"#;

async fn create(
    State(app): State<App>,
    body: Body,
) -> Result<(StatusCode, Json<JobBody>), ApiError> {
    let wanted = "the body must be {\"rules\":\"…\",\"from\":\"…\",\"to\":\"…\",\"partners\":[…],\"drill\":\"…\",\
                  \"notify\":\"…\",\"page\":false}, each optional, and one of \"incidents\", \"against\", \"sweep\" and \
                  \"suggest\"";
    let request = body::json(body, JOB_BODY_BYTES_MAX, wanted).await?;
    let request = checked(&app, request)?;
    let job = app.backtests.start(&app.store, request);
    let job = job.ok_or_else(|| ApiError::busy("too many backtests wait for their turn"))?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

async fn list(State(app): State<App>, reply: Reply) -> Answer {
    reply.rows_of(&["backtests"]).send(&JobsBody { backtests: app.backtests.list() })
}

async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<JobBody>, ApiError> {
    let job = app.backtests.wait_for(&id, patience(&headers)).await;
    job.map(Json).ok_or_else(|| ApiError::not_found("such backtest"))
}

async fn cancel(State(app): State<App>, Path(id): Path<String>) -> Result<Json<JobBody>, ApiError> {
    app.backtests.cancel(&id).map(Json).ok_or_else(|| ApiError::not_found("such backtest"))
}

fn checked(app: &App, request: BacktestRequest) -> Result<JobRequest, ApiError> {
    let rules = match &request.rules {
        None => (*app.rules.get()).clone(),
        Some(rules) => posted(rules).map_err(|detail| wrong("rules", &detail))?,
    };
    let (from, to) = (time_of("from", request.from.as_ref())?, time_of("to", request.to.as_ref())?);
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        return Err(wrong("to", "must lie after `from`"));
    }
    Ok(JobRequest {
        partners: partner_conditions(request.partners.iter().map(String::as_str))
            .map_err(|error| wrong("partners", &error.to_string()))?,
        drill: drill(app, &request)?,
        question: question(&rules, request)?,
        rules,
        from,
        // The future is not evaluated.
        to: to.map(|to| to.min(app.now())),
    })
}

/// The drill of a request, and who is notified of it.
fn drill(app: &App, request: &BacktestRequest) -> Result<Option<Drill>, ApiError> {
    let control = app.control();
    let notify = match &request.notify {
        None => None,
        Some(_) if request.drill.is_none() => {
            return Err(wrong("notify", "has no meaning without `drill`"));
        }
        Some(name) if control.receiver(name).is_none() => {
            return Err(wrong("notify", &format!("no receiver has the name {name:?}")));
        }
        Some(name) => Some((name.clone(), control)),
    };
    let drill = |release: &String| Drill {
        release: release.clone(),
        base_url: Arc::clone(&app.base_url),
        notify,
    };
    Ok(request.drill.as_ref().map(drill))
}

/// What is asked about the rules: one thing at a time.
fn question(rules: &RuleSet, request: BacktestRequest) -> Result<Question, ApiError> {
    let BacktestRequest { incidents, against, sweep, suggest, page: with_page, .. } = request;
    let (has_incidents, has_against) = (incidents.is_some(), against.is_some());
    let is_of_one_rule = sweep.is_some() || suggest.is_some();
    let asked = [has_incidents, has_against, sweep.is_some(), suggest.is_some()];
    if asked.into_iter().filter(|is_asked| *is_asked).count() > 1 {
        let detail = "give only one of `incidents`, `against`, `sweep` and `suggest`";
        return Err(ApiError::malformed(detail));
    }
    if with_page && is_of_one_rule {
        return Err(wrong("page", "has no meaning with `sweep` and `suggest`"));
    }
    if let Some(against) = against {
        let rules = posted(&against).map_err(|detail| wrong("against", &detail))?;
        return Ok(Question::Against { rules, with_page });
    }
    if let Some(sweep) = sweep {
        let sweep = Sweep::new(&sweep, rules).map_err(|detail| wrong("sweep", &detail))?;
        return Ok(Question::Sweep(sweep));
    }
    if let Some(suggest) = suggest {
        suggest.check(rules).map_err(|detail| wrong("suggest", &detail))?;
        return Ok(Question::Suggest(suggest));
    }
    let read = |list: Value| Incident::read_list(list.to_string().as_bytes());
    let incidents = incidents.map(read).transpose();
    let incidents = incidents.map_err(|error| wrong("incidents", &error))?;
    Ok(Question::Alerts { incidents, with_page })
}

fn wrong(field: &str, detail: &str) -> ApiError {
    ApiError::malformed(format!("`{field}`: {detail}"))
}

/// Rules of a request: the text of a rules file, or its content as JSON. Addresses and secrets of receivers
/// are not read, so that a request cannot reveal what the server's environment and files hold.
fn posted(rules: &Value) -> Result<RuleSet, String> {
    match rules {
        Value::String(text) => RuleSet::parse_for_replay(text).map_err(|it| it.to_string()),
        // JSON is YAML too. The line is that of the text made here, which the client has not seen.
        content => RuleSet::parse_for_replay(&content.to_string())
            .map_err(|error| RuleError { line: 0, ..*error }.to_string()),
    }
}

fn time_of(field: &str, time: Option<&WrittenTime>) -> Result<Option<TimestampMs>, ApiError> {
    let read = time.map(WrittenTime::read).transpose();
    read.map_err(|error| wrong(field, &error.to_string()))
}

/// How long the client is willing to wait: `Prefer: wait=10` (RFC 7240), in seconds.
fn patience(headers: &HeaderMap) -> Duration {
    let values = headers.get_all(HeaderName::from_static("prefer")).iter();
    let mut preferences =
        values.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split([',', ';']));
    let seconds = preferences.find_map(|one| {
        let (name, value) = one.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        value.trim().trim_matches('"').parse().ok().filter(|_| is_wait)
    });
    Duration::from_secs(seconds.unwrap_or(0)).min(JOB_WAIT_MAX)
}
