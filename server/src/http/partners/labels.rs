//! `GET /api/v1/labels`: the reserved labels and their values.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use plimsoll_storage::{Label, LabelMatchers, StreamId, StreamKind};

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::declare::InPath;
use crate::http::params::labels::LABELS;
use crate::http::query::Answer;
use crate::http::reply::Reply;
use crate::wire::excerpt;
use crate::wire::query::label::{LabelNameBody, LabelNamesBody, LabelValuesBody};

const NAME: InPath =
    InPath { name: "name", example: "partner", about: "A reserved label, or `stream`." };

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/labels", names)
            .about("The reserved labels and how many values each has", "")
            .takes(&[&LABELS])
            .answers_rows::<LabelNamesBody>()
            .errors(&[ErrorCode::Busy]),
        Call::get("/api/v1/labels/{name}/values", values)
            .about("The values of a label", "")
            .takes(&[&NAME, &LABELS])
            .answers_rows::<LabelValuesBody>()
            .errors(&[ErrorCode::Busy]),
    ]
}

async fn names(State(app): State<App>, mut params: Params, reply: Reply) -> Answer {
    let labels = params.labels()?;
    params.end()?;
    app.ask(move |app, _| {
        let streams = streams(app, &labels);
        let name = |label: Label| LabelNameBody {
            name: label.as_str(),
            values: values_of(app, &streams, label).len(),
        };
        reply.rows_of(&["labels"]).send(&LabelNamesBody { labels: Label::ALL.map(name).into() })
    })
    .await
}

/// The values of a label. The name `stream` stands for the stream names.
async fn values(
    State(app): State<App>,
    Path(name): Path<String>,
    mut params: Params,
    reply: Reply,
) -> Answer {
    let labels = params.labels()?;
    params.end()?;
    let label = Label::parse(&name);
    if label.is_none() && name != "stream" {
        return Err(ApiError::not_found(format!("label {:?}", excerpt(&name))));
    }
    app.ask(move |app, _| {
        let streams = streams(app, &labels);
        let values = match label {
            Some(label) => values_of(app, &streams, label),
            None => stream_names(app, &streams),
        };
        reply.rows_of(&["values"]).send(&LabelValuesBody { name, values })
    })
    .await
}

/// The selected streams of both kinds, ascending.
fn streams(app: &App, labels: &LabelMatchers) -> Vec<StreamId> {
    let kinds = [StreamKind::Activity, StreamKind::Gauge].into_iter();
    let mut streams: Vec<_> = kinds.flat_map(|kind| app.store.select(kind, None, labels)).collect();
    streams.sort_unstable();
    streams
}

fn values_of(app: &App, streams: &[StreamId], label: Label) -> Vec<String> {
    let groups = app.store.group(streams, &[label]).into_iter();
    groups.flat_map(|(values, _)| values).filter(|value| !value.is_empty()).collect()
}

fn stream_names(app: &App, streams: &[StreamId]) -> Vec<String> {
    let keys = streams.iter().filter_map(|stream| app.store.stream_key(*stream));
    let names: BTreeSet<String> = keys.map(|key| key.as_ref().name.to_owned()).collect();
    names.into_iter().collect()
}
