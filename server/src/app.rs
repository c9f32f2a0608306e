//! The HTTP surface: what the handlers share, and the router.

use std::{path::Path, sync::Arc};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use parking_lot::RwLock;
use plimsoll_alerting::Desk;
use plimsoll_query::Budget;
use plimsoll_storage::{Store, TimestampMs};

use crate::backtest::jobs::Jobs;
use crate::body::{BodyMemory, HeavyBodies};
use crate::error::ApiError;
use crate::queries::Queries;
use crate::rules::Rules;
use crate::telemetry::Telemetry;
use crate::wire::param::Params;
use crate::{api, clock};

/// What every handler may use.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) rules: Rules,
    /// How delivery is doing: that of the notifier that runs.
    pub(crate) desk: Arc<RwLock<Desk>>,
    pub(crate) bodies: BodyMemory,
    pub(crate) heavy_bodies: HeavyBodies,
    pub(crate) queries: Queries,
    pub(crate) backtests: Jobs,
    pub(crate) telemetry: Arc<Telemetry>,
    /// Where backups may be made; `None` for nowhere.
    pub(crate) backup_dir: Option<Arc<Path>>,
    /// Why the server is not ready; `None` when it is.
    pub(crate) not_ready: Arc<RwLock<Option<String>>>,
}

impl App {
    /// How delivery is doing.
    pub(crate) fn desk(&self) -> Desk {
        self.desk.read().clone()
    }

    /// The wall clock.
    pub(crate) fn now(&self) -> TimestampMs {
        clock::now()
    }

    /// Answers a question once there is a place for it, within what it may cost.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self, Budget) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let app = self.clone();
        self.queries.run(move |budget| question(&app, budget)).await
    }
}

/// Every call, see [`api::calls`].
pub(crate) fn router(app: App) -> Router {
    let calls = api::calls::all().into_iter();
    calls
        .fold(Router::new(), |router, call| {
            let takes_none = !call.parameters.iter().any(|one| one.is_in_query);
            let handler = if takes_none && call.path.starts_with("/api/") {
                call.handler.layer(middleware::from_fn(refuse_parameters))
            } else {
                call.handler
            };
            router.route(call.path, handler)
        })
        .fallback(|| async { ApiError::not_found("such path") })
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .layer(middleware::from_fn_with_state(app.clone(), crate::trace::trace))
        .with_state(app)
}

/// For calls that take no parameter: a wrong one is named instead of being passed over.
async fn refuse_parameters(request: Request, next: Next) -> Result<Response, ApiError> {
    Params::new(request.uri().query())?.end()?;
    Ok(next.run(request).await)
}
