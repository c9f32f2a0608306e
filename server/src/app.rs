//! What the handlers of all calls share.

use std::{path::Path, sync::Arc};

use parking_lot::RwLock;
use plimsoll_alerting::DeliveryControl;
use plimsoll_query::Budget;
use plimsoll_storage::{Store, TimestampMs};

use crate::admission::{BodyMemory, HeavyBodies, Queries};
use crate::backtest::jobs::Jobs;
use crate::clock;
use crate::error::ApiError;
use crate::rules::Rules;
use crate::telemetry::Telemetry;

/// What every handler may use.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) rules: Rules,
    /// How delivery is doing: that of the notifier that runs.
    pub(crate) control: Arc<RwLock<DeliveryControl>>,
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
    pub(crate) fn control(&self) -> DeliveryControl {
        self.control.read().clone()
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
