//! The ledger: the outcome of every delivery. Deliveries that arrived or were dropped are in one table, dead
//! letters in another, from where they can be put back into the outbox.
//!
//! Keys of both: `t`, time of the outcome (u64), id, so that the newest comes last; and `i`, id,
//! whose value is that key.

use plimsoll_storage::{Order, Store, Table, TableBatch, TimestampMs};

use crate::error::{Error, Result};
use crate::limits::LIST_ROWS_MAX;
use crate::records::delivery::{Action, DeadReason, Delivery, DeliveryState};
use crate::records::{alerts, outbox};
use crate::rule::Receiver;

/// Rows of the ledger that one listing call reads at most.
const LEDGER_ROWS_READ_MAX: usize = 100_000;

const BY_TIME: u8 = b't';
const BY_ID: u8 = b'i';
/// Rows read at once while listing.
const PAGE_ROWS: usize = 256;

/// Which deliveries to list; the default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only those in this state: one of [`DeliveryState::NAMES`].
    pub state: Option<String>,
    /// Only those to this receiver.
    pub receiver: Option<String>,
    /// Only those about this alert.
    pub alert: Option<String>,
}

impl DeliveryFilter {
    fn matches(&self, delivery: &Delivery) -> bool {
        self.receiver.as_ref().is_none_or(|receiver| *receiver == delivery.receiver)
            && self.alert.as_ref().is_none_or(|alert| *alert == delivery.alert.id)
            && self.wants(delivery.state.as_str())
    }

    fn wants(&self, state: &str) -> bool {
        self.state.as_ref().is_none_or(|wanted| wanted == state)
    }
}

/// Records the outcome of a delivery: it leaves the outbox and enters the ledger, in the same commit.
pub(crate) fn close(
    batch: &mut TableBatch,
    mut delivery: Delivery,
    state: DeliveryState,
    at: TimestampMs,
) {
    batch.delete(Table::Outbox, &outbox::key(&delivery));
    (delivery.state, delivery.settled_at) = (state, Some(at));
    let (table, key) = (table_of(state), time_key(&delivery));
    batch.put(table, &id_key(&delivery.id), key.clone());
    batch.put(table, &key, delivery.to_row());
}

/// Records that a delivery became a dead letter, with the reason in words.
pub(crate) fn give_up(
    batch: &mut TableBatch,
    delivery: Delivery,
    reason: DeadReason,
    detail: String,
    at: TimestampMs,
) {
    tracing::error!(
        receiver = delivery.receiver,
        alert = delivery.alert.id,
        action = delivery.action.as_str(),
        attempts = delivery.attempts,
        reason = reason.as_str(),
        detail,
        "a delivery became a dead letter"
    );
    close(batch, Delivery { detail: Some(detail), ..delivery }, DeliveryState::Dead(reason), at);
}

const fn table_of(state: DeliveryState) -> Table {
    if matches!(state, DeliveryState::Dead(_)) { Table::DeadLetter } else { Table::Delivery }
}

fn time_key(delivery: &Delivery) -> Vec<u8> {
    let at = delivery.settled_at.and_then(|at| u64::try_from(at.0).ok()).unwrap_or(0);
    [&[BY_TIME], at.to_be_bytes().as_slice(), delivery.id.as_bytes()].concat()
}

fn id_key(id: &str) -> Vec<u8> {
    [&[BY_ID], id.as_bytes()].concat()
}

/// Deliveries that match.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FoundDeliveries {
    /// What waits first, then the newest outcomes.
    pub newest: Vec<Delivery>,
    /// Whether more may match.
    pub is_cut: bool,
}

/// The newest deliveries that match, at most `limit` and [`LIST_ROWS_MAX`], out of the newest
/// `LEDGER_ROWS_READ_MAX` outcomes.
///
/// # Errors
/// When the store cannot be read, or a row is damaged.
pub fn list(store: &Store, filter: &DeliveryFilter, limit: usize) -> Result<FoundDeliveries> {
    let limit = limit.min(LIST_ROWS_MAX);
    let mut is_cut = false;
    let mut found = if filter.wants("waiting") { waiting(store, filter)? } else { Vec::new() };
    if filter.wants("delivered") || filter.wants("coalesced") {
        is_cut |= closed(store, Table::Delivery, filter, limit, &mut found)?;
    }
    if filter.wants("dead") {
        is_cut |= closed(store, Table::DeadLetter, filter, limit, &mut found)?;
    }
    let newest =
        |delivery: &Delivery| (delivery.settled_at.unwrap_or(TimestampMs(i64::MAX)), delivery.at);
    found.sort_by_key(|delivery| std::cmp::Reverse(newest(delivery)));
    is_cut |= found.len() > limit;
    found.truncate(limit);
    Ok(FoundDeliveries { newest: found, is_cut })
}

fn waiting(store: &Store, filter: &DeliveryFilter) -> Result<Vec<Delivery>> {
    let prefix = filter.receiver.as_deref().map(outbox::lane_prefix).unwrap_or_default();
    let (mut found, mut damaged) = (Vec::new(), None);
    outbox::for_each(store, &prefix, |(_, value)| match outbox::decode(&value) {
        Ok(delivery) if filter.matches(&delivery) => found.push(delivery),
        Ok(_) => {}
        Err(error) => damaged = Some(error),
    })?;
    damaged.map_or(Ok(found), Err)
}

/// Adds the newest deliveries of a table that match, one more than `limit` at most. Returns whether rows were
/// left unread.
fn closed(
    store: &Store,
    table: Table,
    filter: &DeliveryFilter,
    limit: usize,
    found: &mut Vec<Delivery>,
) -> Result<bool> {
    let (most, mut read) = (found.len() + limit + 1, 0);
    let mut after: Option<Vec<u8>> = None;
    while found.len() < most {
        if read >= LEDGER_ROWS_READ_MAX {
            return Ok(true);
        }
        let page =
            store.records(table, &[BY_TIME], after.as_deref(), Order::Descending, PAGE_ROWS)?;
        let Some((last, _)) = page.last() else { return Ok(false) };
        after = Some(last.clone());
        read += page.len();
        for (_, value) in &page {
            let delivery = match Delivery::from_row(value) {
                Ok(delivery) => delivery,
                Err(error) => {
                    // One row, of another version or damaged, must not hide all others.
                    tracing::warn!(%error, "a delivery is left out of a list");
                    continue;
                }
            };
            if filter.matches(&delivery) && found.len() < most {
                found.push(delivery);
            }
        }
    }
    Ok(true)
}

/// The delivery of that id, in the outbox or the ledger.
///
/// # Errors
/// When the store cannot be read, or a row is damaged.
pub fn get(store: &Store, id: &str) -> Result<Option<Delivery>> {
    for table in [Table::DeadLetter, Table::Delivery] {
        if let Some(delivery) = get_settled(store, table, id)? {
            return Ok(Some(delivery));
        }
    }
    let mut found = waiting(store, &DeliveryFilter::default())?;
    let position = found.iter().position(|delivery| delivery.id == id);
    Ok(position.map(|position| found.swap_remove(position)))
}

fn get_settled(store: &Store, table: Table, id: &str) -> Result<Option<Delivery>> {
    let Some(key) = store.get(table, &id_key(id))? else { return Ok(None) };
    let row = store.get(table, &key)?.ok_or_else(|| Error::Corrupt {
        what: "delivery",
        detail: format!("the index names {id}, which is not there"),
    })?;
    Delivery::from_row(&row).map(Some)
}

/// Why a delivery cannot be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayError {
    /// It is not among the dead letters.
    NotDead,
    /// It triggers an alert that has ended: nothing would resolve it.
    AlertEnded,
}

/// Puts a dead letter back into the outbox, for the receiver as it is configured now. With `dry_run`
/// nothing is written. Returns the delivery as it would wait.
///
/// # Errors
/// When the store cannot be read or written. The inner error says why the delivery must stay.
pub fn replay(
    store: &Store,
    delivery: &Delivery,
    receiver: &Receiver,
    dry_run: bool,
) -> Result<Result<Delivery, ReplayError>> {
    if !matches!(delivery.state, DeliveryState::Dead(_)) {
        return Ok(Err(ReplayError::NotDead));
    }
    let alert = alerts::get(store, &delivery.alert.id)?;
    let is_open = alert.is_none_or(|alert| alert.is_open());
    if delivery.action != Action::Resolve && !is_open {
        return Ok(Err(ReplayError::AlertEnded));
    }
    let waiting = Delivery {
        state: DeliveryState::Waiting,
        fingerprint: receiver.fingerprint(),
        detail: None,
        first_attempt_run_ms: None,
        next_attempt_at: TimestampMs(0),
        settled_at: None,
        ..delivery.clone()
    };
    if !dry_run {
        let mut batch = TableBatch::default();
        remove(&mut batch, delivery);
        outbox::put(&mut batch, &waiting);
        store.commit(batch)?;
    }
    Ok(Ok(waiting))
}

/// Removes the newest dead letters that match, at most [`LIST_ROWS_MAX`]; with `dry_run` it only returns
/// them.
///
/// # Errors
/// When the store cannot be read or written.
pub fn purge(store: &Store, filter: &DeliveryFilter, dry_run: bool) -> Result<FoundDeliveries> {
    let mut dead = Vec::new();
    let mut is_cut = closed(store, Table::DeadLetter, filter, LIST_ROWS_MAX, &mut dead)?;
    is_cut |= dead.len() > LIST_ROWS_MAX;
    dead.truncate(LIST_ROWS_MAX);
    if !dry_run {
        let mut batch = TableBatch::default();
        dead.iter().for_each(|delivery| remove(&mut batch, delivery));
        store.commit(batch)?;
    }
    Ok(FoundDeliveries { newest: dead, is_cut })
}

fn remove(batch: &mut TableBatch, dead: &Delivery) {
    batch.delete(Table::DeadLetter, &id_key(&dead.id));
    batch.delete(Table::DeadLetter, &time_key(dead));
}
