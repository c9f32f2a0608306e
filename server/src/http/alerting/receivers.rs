//! `/api/v1/receivers`: who can be told, whether it works, and a test.

use axum::Json;
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::ApiError;
use crate::wire::alerting::delivery::{ReceiverBody, ReceiversBody, TestBody};
use crate::wire::push::truncated;

pub(crate) async fn list(State(app): State<App>) -> Json<ReceiversBody> {
    let now = app.now();
    let receivers = app.control().receivers().into_iter();
    let receivers = receivers.map(|(name, status)| ReceiverBody::new(name, status, now)).collect();
    Json(ReceiversBody { receivers })
}

pub(crate) async fn test(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<TestBody>, ApiError> {
    let results = app.control().test(&name).await?;
    let results =
        results.ok_or_else(|| ApiError::not_found(format!("receiver {:?}", truncated(&name))))?;
    Ok(Json(TestBody::new(name, results)))
}
