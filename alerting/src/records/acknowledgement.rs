//! Acknowledgements: someone has seen an alert and takes care of it, so nobody else is told of it for want
//! of that ([`escalate`](crate::notify::escalate)). The first one stays.
//!
//! Table `Acknowledgement`, key: id of the alert. Rows are written here only, beside the alerts, which
//! are the evaluator's: neither writes over what the other has written.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use plimsoll_storage::{Store, Table, TableBatch, TimestampMs};

use crate::error::Result;
use crate::evaluate::open_messages;
use crate::records::alerts::{self, Alert, alert_id};
use crate::records::delivery::{Action, Delivery, NotificationRecord};
use crate::records::outbox;
use crate::records::row;
use crate::rule::Receiver;
use crate::text::content::Content;

/// That someone takes care of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Acknowledgement {
    /// When it was said, by the clock of the server.
    pub at: TimestampMs,
    /// Who takes care.
    pub author: String,
    /// The receiver that told us; `None` when it was said to us.
    pub by_receiver: Option<String>,
}

/// What came of an acknowledgement.
#[derive(Debug, Clone, PartialEq)]
pub enum AcknowledgeResult {
    /// It stands, this one or one before it.
    Stands(Box<Alert>, Acknowledgement),
    /// The alert has ended, and so has its message.
    Ended,
    /// There is no such alert.
    Unknown,
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

/// Acknowledges an alert, and with it those that spoke in the message it belongs to. Each PagerDuty that
/// was told is told of this too, but for the receiver it comes from, in the same commit.
pub(crate) fn acknowledge(
    store: &Store,
    receivers: &[Receiver],
    id: &str,
    said: &Acknowledgement,
) -> Result<AcknowledgeResult> {
    let Some(alert) = alerts::get(store, id)? else { return Ok(AcknowledgeResult::Unknown) };
    let key = (alert.rule.clone(), alert.labels.clone());
    let pager = open_messages(store)?;
    let spoke = pager.speakers_with(&key);
    let speakers = spoke.iter().map(|((rule, labels), since)| alert_id(rule, labels, *since));
    let speakers: Vec<String> = speakers.filter(|speaker| *speaker != id).collect();
    let is_speaker = speakers.len() < spoke.len();
    if !alert.is_open() && !is_speaker {
        return Ok(AcknowledgeResult::Ended);
    }
    let mut batch = TableBatch::default();
    let stands = one(store, &mut batch, receivers, &alert, said)?;
    for speaker in speakers {
        if let Some(alert) = alerts::get(store, &speaker)? {
            one(store, &mut batch, receivers, &alert, said)?;
        }
    }
    store.commit(batch)?;
    Ok(AcknowledgeResult::Stands(Box::new(alert), stands))
}

/// The id of the alert that spoke under a dedup key, and whose message is open.
pub(crate) fn speaker_of(store: &Store, dedup_key: &str) -> Result<Option<String>> {
    let pager = open_messages(store)?;
    let mut speakers = pager.speakers();
    let found = speakers.find(|((rule, labels), _)| labels.dedup_key(rule) == dedup_key);
    Ok(found.map(|((rule, labels), since)| alert_id(rule, labels, *since)))
}

/// Notes it of one alert. Answers what stands.
fn one(
    store: &Store,
    batch: &mut TableBatch,
    receivers: &[Receiver],
    alert: &Alert,
    said: &Acknowledgement,
) -> Result<Acknowledgement> {
    if let Some(before) = get(store, &alert.id)? {
        return Ok(before);
    }
    batch.put(Table::Acknowledgement, alert.id.as_bytes(), row::encode(said));
    for told in &alert.receivers {
        let takes_it = |receiver: &Receiver| {
            receiver.name == told.receiver && receiver.target.takes_acknowledgements()
        };
        let is_source = said.by_receiver.as_ref() == Some(&told.receiver);
        if !is_source && receivers.iter().any(takes_it) {
            let (action, at, alert) = (Action::Acknowledge, said.at, alert.clone());
            let said = NotificationRecord {
                action,
                at,
                group: String::new(),
                alert,
                content: Content::default(),
            };
            let (name, fingerprint) = (told.receiver.clone(), told.fingerprint.clone());
            outbox::put(batch, &Delivery::new(name, fingerprint, said));
        }
    }
    Ok(said.clone())
}
