//! `GET /api/v1/cardinality`: who makes streams.

use axum::extract::State;

use crate::app::App;
use crate::error::ErrorCode;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::{Query, WithDefault};
use crate::http::params::kind::Integer;
use crate::http::params::labels::{LABELS, STREAM};
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::query::cardinality::CardinalityBody;

/// Values of each label that are listed at most.
const TOP_MAX: usize = 1_000;
const LIMIT: WithDefault<Integer> =
    Query::new("limit", Integer(1, TOP_MAX), "3", "How many values of each label, at most.").or(10);

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/cardinality", cardinality)
            .about(
                "Who makes streams: how many streams each partner, stream name and label value has",
                "Those with the most streams come first. Activity and gauges count, also those of the \
                 sandbox. `stream` and labels select the streams that are counted by value; the limits \
                 are those of the whole database.",
            )
            .takes(&[&STREAM, &LABELS, &LIMIT])
            .answers_rows::<CardinalityBody>()
            .errors(&[ErrorCode::Busy]),
    ]
}

async fn cardinality(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let stream = params.read(&STREAM)?;
    let labels = params.labels_with_sandbox()?;
    let limit = params.read(&LIMIT)?;
    params.end()?;
    app.ask(move |app, _| {
        let counted = app.store.cardinality(stream.as_deref(), &labels, limit);
        let body = CardinalityBody::new(app.store.stream_usage(), counted);
        reply.rows_of(&["top"]).send(&body)
    })
    .await
}
