//! `GET /api/v1/labels`.

use axum::Json;
use axum::extract::{Path, State};
use plimsoll_storage::Label;

use crate::app::App;
use crate::error::ApiError;
use crate::wire::push::answer::{LabelNameBody, LabelNamesBody, LabelValuesBody};
use crate::wire::push::truncated;

pub(crate) async fn names(State(app): State<App>) -> Json<LabelNamesBody> {
    let name = |label: Label| LabelNameBody {
        name: label.as_str(),
        values: app.store.label_values(label).len(),
    };
    Json(LabelNamesBody { labels: Label::ALL.map(name).into() })
}

/// The values of a label; `stream` stands for the stream names.
pub(crate) async fn values(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<LabelValuesBody>, ApiError> {
    let values = match Label::parse(&name) {
        Some(label) => app.store.label_values(label),
        None if name == "stream" => app.store.stream_names(),
        None => return Err(ApiError::not_found(format!("label {:?}", truncated(&name)))),
    };
    Ok(Json(LabelValuesBody { name, values }))
}
