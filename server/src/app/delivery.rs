//! Delivers what is in the outbox, and starts again when the receivers change.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use plimsoll_alerting::{DeliveryControl, Notifier, RuleSet};

use super::rules::{Rules, RulesCheck};
use super::stop::{Stop, stopped};

/// How long delivery waits before it tries again to start with new receivers.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What delivery needs to start again with other receivers.
pub(crate) struct Delivery {
    pub(crate) rules: Rules,
    pub(crate) check: RulesCheck,
    /// Controls the notifier that runs.
    pub(crate) control: Arc<RwLock<DeliveryControl>>,
}

/// Delivers until the server stops. When the receivers change, attempts under way finish, and delivery
/// continues with the new receivers: what waits is in the outbox.
pub(crate) async fn deliver(mut delivery: Delivery, first: Notifier, stop: Stop) {
    let mut receivers = delivery.rules.get().receivers.clone();
    let mut notifier = first;
    loop {
        let mut rules = None;
        let change = async {
            loop {
                let changed = delivery.rules.changed().await;
                if changed.receivers != receivers {
                    rules = Some(changed);
                    return;
                }
            }
        };
        let until = stopped(stop.clone());
        notifier
            .run(async {
                tokio::select! { () = change => {}, () = until => {} };
            })
            .await;
        let Some(changed) = rules else { return };
        receivers.clone_from(&changed.receivers);
        let Some(next) = next_notifier(&delivery.check, &changed, stop.clone()).await else {
            return;
        };
        notifier = next;
        *delivery.control.write() = notifier.control();
        tracing::info!(receivers = receivers.len(), "delivery continues with the new receivers");
    }
}

/// The rules were checked when they were read, so a failure here is one of the machine: it is tried again,
/// and deliveries wait in the outbox.
async fn next_notifier(check: &RulesCheck, rules: &RuleSet, stop: Stop) -> Option<Notifier> {
    loop {
        match check.notifier(rules) {
            Ok(notifier) => return Some(notifier),
            Err(error) => {
                tracing::error!(%error, "delivery waits: it cannot start with the new receivers");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_AFTER) => {}
            () = stopped(stop.clone()) => return None,
        }
    }
}
