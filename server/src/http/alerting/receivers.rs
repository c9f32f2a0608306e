//! `/api/v1/receivers`: the receivers, their delivery status, what one would get, and a test.

use axum::Json;
use axum::extract::{Path, State};
use plimsoll_alerting::{Cause, alerts, delivery_of, sample, show};

use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{InPath, Query};
use crate::http::params::kind::{Choice, Text, same};
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::alerting::delivery::{PreviewBody, ReceiverBody, ReceiversBody, TestBody};
use crate::wire::excerpt;

const CAUSE: Query<Choice<&str>> =
    Query::new("cause", Choice(&CAUSES), "failing", "Why it would be notified: a sample.");
const CAUSES: [(&str, &str); Cause::NAMES.len()] = same(Cause::NAMES);
const ALERT: Query<Text> = Query::new("alert", Text, "01HZX", "The id of an alert.");
const NAME: InPath = InPath { name: "name", example: "hub", about: "The receiver's name." };

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/receivers", list)
            .about(
                "The receivers and their delivery status",
                "Neither addresses nor keys are shown.",
            )
            .answers_rows::<ReceiversBody>(),
        Call::get("/api/v1/receivers/{name}/preview", preview)
            .about(
                "What a receiver would get: the address, headers and body, without secrets",
                "Of an alert on record, or of the sample of a cause. Nothing is sent.",
            )
            .takes(&[&NAME, &CAUSE, &ALERT])
            .answers::<PreviewBody>(),
        Call::post("/api/v1/receivers/{name}/test", test)
            .about(
                "Send a test alert to a receiver: its trigger and its resolve",
                "A receiver that was disabled by a 410 is enabled when it accepts both.",
            )
            .takes(&[&NAME])
            .answers::<TestBody>(),
    ]
}

async fn list(State(app): State<App>, reply: Reply) -> Answer {
    let now = app.now();
    let receivers = app.control().receivers().into_iter();
    let receivers = receivers.map(|(name, status)| ReceiverBody::new(name, status, now)).collect();
    reply.rows_of(&["receivers"]).send(&ReceiversBody { receivers })
}

async fn preview(
    State(app): State<App>,
    Path(name): Path<String>,
    mut params: Params,
) -> Result<Json<PreviewBody>, ApiError> {
    let cause = params.read(&CAUSE)?;
    let alert = params.read(&ALERT)?;
    params.end()?;
    if cause.is_some() && alert.is_some() {
        return Err(ApiError::parameter("cause", "has no meaning with `alert`"));
    }
    let cause = cause.and_then(Cause::parse).unwrap_or(Cause::Failing);
    app.ask(move |app, _| {
        let (control, now) = (app.control(), app.now());
        let receiver = control.receiver(&name).ok_or_else(|| unknown(&name))?;
        let delivery = match alert {
            None => sample(cause, receiver, &app.base_url, now),
            Some(id) => {
                let found = alerts::get(&app.store, &id)?;
                let alert = found
                    .ok_or_else(|| ApiError::not_found(format!("alert {:?}", excerpt(&id))))?;
                let rules = app.rules.get();
                delivery_of((&app.store, &rules), &alert, receiver, &app.base_url, now)
            }
        };
        Ok(Json(PreviewBody::new(receiver, show(receiver, &delivery, now), &app.base_url)))
    })
    .await
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!("receiver {:?}", excerpt(name)))
}

async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<TestBody>, ApiError> {
    let results = app.control().test(&name).await?;
    let results = results.ok_or_else(|| unknown(&name))?;
    Ok(Json(TestBody::new(name, results)))
}
