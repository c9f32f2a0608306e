//! The HTTP surface: what the handlers share, and the router as a table.

use std::{path::Path, sync::Arc};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use parking_lot::RwLock;
use plimsoll_alerting::RuleSet;
use plimsoll_storage::{Store, TimestampMs};

use crate::{
    api,
    body::{BodyMemory, HeavyBodies},
    clock,
    error::ApiError,
    telemetry::Telemetry,
};

/// What every handler may use.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) bodies: BodyMemory,
    pub(crate) heavy_bodies: HeavyBodies,
    pub(crate) telemetry: Arc<Telemetry>,
    /// Where backups may be made; `None` for nowhere.
    pub(crate) backup_dir: Option<Arc<Path>>,
    /// Why the server is not ready; `None` when it is.
    pub(crate) not_ready: Arc<RwLock<Option<String>>>,
}

impl App {
    /// The wall clock.
    pub(crate) fn now(&self) -> TimestampMs {
        clock::now()
    }
}

/// Every path.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/api/v1/push", post(api::push::push))
        .route("/api/v1/query/latency", get(api::query::latency))
        .route("/api/v1/query/outcomes", get(api::query::outcomes))
        .route("/api/v1/query/freshness", get(api::query::freshness))
        .route("/api/v1/query/gauges", get(api::query::gauges))
        .route("/api/v1/partners", get(api::partners::list))
        .route("/api/v1/partners/{partner}", get(api::partners::one))
        .route("/api/v1/labels", get(api::labels::names))
        .route("/api/v1/labels/{name}/values", get(api::labels::values))
        .route("/api/v1/alerts", get(api::alerts::list))
        .route("/api/v1/alerts/{id}", get(api::alerts::one))
        .route("/api/v1/rules", get(api::rules::list))
        .route("/api/v1/rules/{name}", get(api::rules::one))
        .route("/api/v1/backups", post(api::backups::create))
        .route("/runbooks", get(api::runbooks::list))
        .route("/runbooks/{name}", get(api::runbooks::one))
        .route("/livez", get(api::health::livez))
        .route("/readyz", get(api::health::readyz))
        .route("/metrics", get(api::health::metrics))
        .fallback(|| async { ApiError::not_found("such path") })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(middleware::from_fn_with_state(app.clone(), crate::trace::trace))
        .with_state(app)
}
