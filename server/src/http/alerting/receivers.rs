//! `/api/v1/receivers`: the receivers, their delivery status, and a test.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::declare::InPath;
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::alerting::delivery::{ReceiverBody, ReceiversBody, TestBody};
use crate::wire::excerpt;

const NAME: InPath = InPath { name: "name", example: "none-such", about: "The receiver's name." };

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/receivers", list)
            .about(
                "The receivers and their delivery status",
                "Neither addresses nor keys are shown.",
            )
            .answers_rows::<ReceiversBody>(),
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

async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<TestBody>, ApiError> {
    let results = app.control().test(&name).await?;
    let results =
        results.ok_or_else(|| ApiError::not_found(format!("receiver {:?}", excerpt(&name))))?;
    Ok(Json(TestBody::new(name, results)))
}
