//! `GET /api/v1/labels`: the reserved labels and their values.

use axum::Json;
use axum::extract::{Path, State};
use plimsoll_storage::Label;

use crate::app::App;
use crate::error::ApiError;
use crate::http::call::Call;
use crate::http::params::declare::InPath;
use crate::wire::excerpt;
use crate::wire::query::label::{LabelNameBody, LabelNamesBody, LabelValuesBody};

const NAME: InPath =
    InPath { name: "name", example: "partner", about: "A reserved label, or `stream`." };

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/api/v1/labels", names)
            .about("The reserved labels and how many values each has", "")
            .answers::<LabelNamesBody>(),
        Call::get("/api/v1/labels/{name}/values", values)
            .about("The values of a label", "")
            .takes(&[&NAME])
            .answers::<LabelValuesBody>(),
    ]
}

async fn names(State(app): State<App>) -> Json<LabelNamesBody> {
    let name = |label: Label| LabelNameBody {
        name: label.as_str(),
        values: app.store.label_values(label).len(),
    };
    Json(LabelNamesBody { labels: Label::ALL.map(name).into() })
}

/// The values of a label. The name `stream` stands for the stream names.
async fn values(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<LabelValuesBody>, ApiError> {
    let values = match Label::parse(&name) {
        Some(label) => app.store.label_values(label),
        None if name == "stream" => app.store.stream_names(),
        None => return Err(ApiError::not_found(format!("label {:?}", excerpt(&name)))),
    };
    Ok(Json(LabelValuesBody { name, values }))
}
