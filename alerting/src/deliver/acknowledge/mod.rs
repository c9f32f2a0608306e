//! Acknowledging an alert: it is recorded for every alert of the notification, and PagerDuty is notified of
//! it.

pub(super) mod pagerduty_webhook;

use plimsoll_storage::{Store, TableBatch, TimestampMs};

use self::pagerduty_webhook::AcknowledgedIncident;
use crate::error::Result;
use crate::notify::grouping::{AlertInstance, Grouping};
use crate::records::acknowledgement::{self, Acknowledgement};
use crate::records::alerts::{self, Alert, AlertFilter, alert_id};
use crate::records::checkpoint;
use crate::records::delivery::{Action, Delivery, NotificationRecord};
use crate::records::outbox;
use crate::rule::Receiver;
use crate::text::content::Content;

/// By how much the clocks of this server and of PagerDuty may differ, in ms.
const CLOCK_DIFFERENCE_MS_MAX: i64 = 5 * 60_000;
/// Newest alerts with one dedup key whose acknowledgements are compared with a webhook: more do not fire
/// while clocks differ that much.
const EARLIER_ALERTS_MAX: usize = 16;

/// The result of acknowledging an alert.
#[derive(Debug, Clone, PartialEq)]
pub enum AcknowledgeResult {
    /// The acknowledgement that is on record: this one or one before it.
    Acknowledged(Box<Alert>, Acknowledgement),
    /// The alert has ended, and so has its notification.
    Ended,
    /// There is no such alert.
    Unknown,
}

/// Acknowledges an alert, and with it the alerts that have triggered the notification it belongs to. Each
/// PagerDuty receiver that was notified is notified of this too, except the one that reported it, in the
/// same commit.
pub(super) fn acknowledge(
    store: &Store,
    receivers: &[Receiver],
    id: &str,
    made: &Acknowledgement,
) -> Result<AcknowledgeResult> {
    let Some(alert) = alerts::get(store, id)? else { return Ok(AcknowledgeResult::Unknown) };
    let key = (alert.rule.clone(), alert.labels.clone());
    let grouping = open_notifications(store)?;
    let triggers: Vec<String> = grouping.triggers_with(&key).map(id_of).collect();
    if !alert.is_open() && !triggers.iter().any(|trigger| trigger == id) {
        return Ok(AcknowledgeResult::Ended);
    }
    let mut batch = TableBatch::default();
    let recorded = acknowledge_one(store, &mut batch, receivers, &alert, made)?;
    for trigger in triggers.iter().filter(|trigger| *trigger != id) {
        if let Some(alert) = alerts::get(store, trigger)? {
            acknowledge_one(store, &mut batch, receivers, &alert, made)?;
        }
    }
    store.commit(batch)?;
    Ok(AcknowledgeResult::Acknowledged(Box::new(alert), recorded))
}

/// The id of the alert that has triggered an open notification under a dedup key.
pub(super) fn alert_of_dedup_key(store: &Store, dedup_key: &str) -> Result<Option<String>> {
    let grouping = open_notifications(store)?;
    let mut triggers = grouping.triggers().map(|(alert, _)| alert);
    let found = triggers.find(|((rule, labels), _)| labels.dedup_key(rule) == dedup_key);
    Ok(found.map(id_of))
}

/// Whether an acknowledgement at PagerDuty was made for an earlier alert than this one, which has the same
/// dedup key: it happened before this one fired, or its event has acknowledged an earlier one. A webhook
/// that is sent again, by PagerDuty or by somebody who has recorded it, must not take a new alert.
pub(super) fn is_of_earlier_alert(
    store: &Store,
    id: &str,
    incident: &AcknowledgedIncident,
) -> Result<bool> {
    let Some(alert) = alerts::get(store, id)? else { return Ok(false) };
    let is_older = |at: TimestampMs| at.plus_ms(CLOCK_DIFFERENCE_MS_MAX) < alert.fired_at;
    if incident.occurred_at.is_some_and(is_older) {
        return Ok(true);
    }
    let Some(event_id) = &incident.event_id else { return Ok(false) };
    let labels = alert.labels.iter().map(|(label, value)| (label, value.to_owned())).collect();
    let filter = AlertFilter { rule: Some(alert.rule), labels, ..AlertFilter::default() };
    let same_key = alerts::list(store, &filter, EARLIER_ALERTS_MAX)?;
    let made = acknowledgement::of_alerts(store, &same_key)?;
    Ok(made.iter().any(|(of, made)| of != id && made.event_id.as_ref() == Some(event_id)))
}

/// The notifications that are open, as of the last slot in which they changed.
fn open_notifications(store: &Store) -> Result<Grouping> {
    Ok(checkpoint::GROUPING.load(store)?.unwrap_or_default())
}

fn id_of(((rule, labels), since): &AlertInstance) -> String {
    alert_id(rule, labels, *since)
}

/// Records it for one alert. Returns the acknowledgement that is on record.
fn acknowledge_one(
    store: &Store,
    batch: &mut TableBatch,
    receivers: &[Receiver],
    alert: &Alert,
    made: &Acknowledgement,
) -> Result<Acknowledgement> {
    if let Some(before) = acknowledgement::get(store, &alert.id)? {
        return Ok(before);
    }
    acknowledgement::put(batch, &alert.id, made);
    for notified in &alert.notify.receivers {
        let takes_it = |receiver: &Receiver| {
            receiver.name == notified.receiver && receiver.target.takes_acknowledgements()
        };
        let is_source = made.by_receiver.as_ref() == Some(&notified.receiver);
        if !is_source && receivers.iter().any(takes_it) {
            let record = NotificationRecord {
                action: Action::Acknowledge,
                at: made.at,
                group: String::new(),
                alert: alert.clone(),
                content: Content::default(),
            };
            let (name, fingerprint) = (notified.receiver.clone(), notified.fingerprint.clone());
            outbox::put(batch, &Delivery::new(name, fingerprint, record));
        }
    }
    Ok(made.clone())
}
