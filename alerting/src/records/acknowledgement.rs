//! Acknowledgements: someone has taken an alert, so that it does not escalate to the next receivers. The
//! first acknowledgement of an alert stays.
//!
//! Table `Acknowledgement`, key: id of the alert. The rows of alerts are written by the evaluator only, so
//! that neither overwrites what the other has written.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use plimsoll_storage::{Store, Table, TableBatch, TimestampMs};

use crate::error::Result;
use crate::records::alerts::Alert;
use crate::records::row;

/// That someone has taken an alert.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Acknowledgement {
    /// When, by the clock of the server.
    pub at: TimestampMs,
    /// Who has taken it.
    pub author: String,
    /// The receiver that reported it; `None` when it was made at this server.
    pub by_receiver: Option<String>,
    /// The id of the event by which the receiver reported it.
    pub event_id: Option<String>,
}

/// The acknowledgement of an alert.
///
/// # Errors
/// When the store cannot be read, or the row is damaged.
pub fn get(store: &Store, alert_id: &str) -> Result<Option<Acknowledgement>> {
    let row = store.get(Table::Acknowledgement, alert_id.as_bytes())?;
    row.map(|row| row::decode("acknowledgement", &row)).transpose()
}

/// The acknowledgements of some alerts, by id.
///
/// # Errors
/// As [`get`].
pub fn of_alerts<'a>(
    store: &Store,
    alerts: impl IntoIterator<Item = &'a Alert>,
) -> Result<BTreeMap<String, Acknowledgement>> {
    let mut found = BTreeMap::new();
    for alert in alerts {
        found.extend(get(store, &alert.id)?.map(|one| (alert.id.clone(), one)));
    }
    Ok(found)
}

/// Writes the acknowledgement of an alert.
pub(crate) fn put(batch: &mut TableBatch, alert_id: &str, acknowledgement: &Acknowledgement) {
    batch.put(Table::Acknowledgement, alert_id.as_bytes(), row::encode(acknowledgement));
}
