//! The running server: what HTTP handlers and background tasks share, and the tasks.

mod delivery;
mod evaluation;
mod health;
mod heartbeat;
mod keys;
mod maintenance;
mod rules;
mod stop;
mod streams;

use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use plimsoll_alerting::{DeliveryControl, GroupsLeftOut};
use plimsoll_query::Budget;
use plimsoll_storage::{Store, TimestampMs};

use crate::access::{Hosts, Keys};
use crate::admission::{BodyMemory, HeavyBodies, Queries};
use crate::backtest::jobs::Jobs;
use crate::clock;
use crate::error::ApiError;
use crate::self_metrics::Metrics;

pub(crate) use delivery::{Delivery, deliver};
pub(crate) use evaluation::evaluate;
pub(crate) use health::{Progress, recover, watch_health, watched};
pub(crate) use heartbeat::send_heartbeats;
pub(crate) use keys::note_use_of_keys;
pub(crate) use maintenance::{compact, preload, seal};
pub(crate) use rules::{LoadedRules, Rules, RulesCheck, follow_rules, load_rules};
pub(crate) use stop::Stop;

/// What every handler and task may use.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) rules: Rules,
    /// The public address of this server, for links in notifications.
    pub(crate) base_url: Arc<str>,
    /// Who may ask.
    pub(crate) keys: Arc<Keys>,
    /// The names of this server.
    pub(crate) hosts: Arc<Hosts>,
    /// Controls delivery: that of the notifier that runs.
    pub(crate) control: Arc<RwLock<DeliveryControl>>,
    pub(crate) bodies: BodyMemory,
    /// The memory of answers that are not sent yet.
    pub(crate) answers: BodyMemory,
    pub(crate) heavy_bodies: HeavyBodies,
    pub(crate) queries: Queries,
    pub(crate) backtests: Jobs,
    pub(crate) metrics: Arc<Metrics>,
    /// The groups that are not evaluated because their rule has too many.
    pub(crate) groups_left_out: Arc<RwLock<Arc<GroupsLeftOut>>>,
    /// Directory below which backups may be made; `None` for no backups.
    pub(crate) backup_dir: Option<Arc<Path>>,
    /// Where the data is.
    pub(crate) data_dir: Arc<Path>,
    /// What the tasks say about themselves.
    pub(crate) progress: Arc<Progress>,
}

impl App {
    /// Control and status of delivery.
    pub(crate) fn control(&self) -> DeliveryControl {
        self.control.read().clone()
    }

    /// The wall clock.
    pub(crate) fn now(&self) -> TimestampMs {
        clock::now()
    }

    /// Runs a query when there is a free place for it, within the budget of a query.
    ///
    /// # Errors
    /// 503 when no place gets free in time; the error of the query.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Self, Budget) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let app = self.clone();
        self.queries.run(move |budget| query(&app, budget)).await
    }
}
