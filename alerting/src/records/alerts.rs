//! Alerts on record, open and resolved: what happened, how bad it was, who was notified.

use bincode::{Decode, Encode};
use plimsoll_storage::{Label, Order, Store, Table, TableBatch, TimestampMs};

use crate::engine::{Evidence, Firing, StateReason};
use crate::error::{Error, Result};
use crate::hex::hex;
use crate::labels::GroupLabels;
use crate::limits::LIST_ROWS_MAX;
use crate::records::notify_status::NotifyStatus;
use crate::records::row;
use crate::rule::{Rule, Severity, SignalKind};

/// Prefix of rows by time: `t`, fired_at (u64), id. Value: the alert.
const BY_TIME: u8 = b't';
/// Prefix of rows by id: `i`, id. Value: the alert's key by time.
const BY_ID: u8 = b'i';
/// How the rule of a notice begins. Names of rules hold no colon.
pub(crate) const NOTICE_PREFIX: &str = "notice:";
/// Rows read at once while listing.
const PAGE_ROWS: usize = 256;

/// An alert on record.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct Alert {
    /// 32 hex digits over rule, labels and `pending_at`: evaluating the same history again finds
    /// the same alert.
    pub id: String,
    /// Name of its rule.
    pub rule: String,
    /// Who answers for it.
    pub owner: String,
    /// What to do.
    pub runbook: String,
    /// What was measured.
    pub signal: SignalKind,
    /// What goes wrong, for people: `5xx+timeout share of requests`.
    pub symptom: String,
    /// The group it is about.
    pub labels: GroupLabels,
    /// How much event time each evaluation covers, in ms.
    pub window_ms: i64,
    /// How bad it is, or was in the end.
    pub severity: Severity,
    /// End of the first slot in which the condition held.
    pub pending_at: TimestampMs,
    /// When it fired.
    pub fired_at: TimestampMs,
    /// When it ended; `None` while it is open.
    pub resolved_at: Option<TimestampMs>,
    /// Why it ended.
    pub resolved_because: Option<StateReason>,
    /// The evaluation that fired it.
    pub at_fire: Evidence,
    /// The newest evaluation; on disk it may lag by a minute.
    pub latest: Evidence,
    /// The evaluation with the highest lower bound since it fired.
    pub peak: Evidence,
    /// Who was notified of it.
    pub notify: NotifyStatus,
}

impl Alert {
    /// Whether it has not ended.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// A new alert, of which nobody was notified.
    pub(crate) fn fired(
        rule: &Rule,
        labels: &GroupLabels,
        firing: Firing,
        evidence: Evidence,
        window_ms: i64,
    ) -> Self {
        Self {
            id: alert_id(&rule.name, labels, firing.since),
            rule: rule.name.clone(),
            owner: rule.owner.clone(),
            runbook: rule.runbook.clone(),
            signal: rule.signal.kind(),
            symptom: rule.signal.symptom(),
            labels: labels.clone(),
            window_ms,
            severity: firing.severity,
            pending_at: firing.since,
            fired_at: firing.fired_at,
            resolved_at: None,
            resolved_because: None,
            at_fire: evidence,
            latest: evidence,
            peak: evidence,
            notify: NotifyStatus::default(),
        }
    }

    /// A notice: a notification that is not about an alert, such as that a silence is about to end. `line`
    /// is its whole text; `rule` is no name that a rule can have, so that no alert has its key.
    pub(crate) fn notice(rule: String, line: String, now: TimestampMs) -> Self {
        let labels = GroupLabels::default();
        Self {
            id: alert_id(&rule, &labels, now),
            rule,
            owner: String::new(),
            runbook: String::new(),
            signal: SignalKind::Gauge,
            symptom: line,
            labels,
            window_ms: 0,
            severity: Severity::Warning,
            pending_at: now,
            fired_at: now,
            resolved_at: None,
            resolved_because: None,
            at_fire: Evidence::NONE,
            latest: Evidence::NONE,
            peak: Evidence::NONE,
            notify: NotifyStatus::default(),
        }
    }

    /// Whether it is a notice.
    pub(crate) fn is_notice(&self) -> bool {
        self.rule.starts_with(NOTICE_PREFIX)
    }

    /// The key by which receivers join its notifications; see [`GroupLabels::dedup_key`].
    #[must_use]
    pub fn dedup_key(&self) -> String {
        self.labels.dedup_key(&self.rule)
    }

    /// Records a newer evaluation. Returns whether it is the new peak.
    pub(crate) fn observe(&mut self, rule: &Rule, evidence: Evidence) -> bool {
        let is_peak = evidence.is_worse_than(&self.peak, rule);
        if is_peak {
            self.peak = evidence;
        }
        self.latest = evidence;
        is_peak
    }
}

/// The id of the alert of a rule and group whose condition began to hold at `pending_at`.
pub(crate) fn alert_id(rule: &str, labels: &GroupLabels, pending_at: TimestampMs) -> String {
    use sha2::Digest as _;
    let mut hash = labels.digest(rule);
    hash.update([0]);
    hash.update(pending_at.0.to_be_bytes());
    let mut id = hex(&hash.finalize());
    id.truncate(32);
    id
}

/// Which alerts to list; the default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only open (`true`) or only ended ones (`false`).
    pub open: Option<bool>,
    /// Only those of this rule.
    pub rule: Option<String>,
    /// Only those with all of these label values.
    pub labels: Vec<(Label, String)>,
    /// Without those of the sandbox.
    pub outside_sandbox: bool,
}

impl AlertFilter {
    /// Whether an alert is one of those asked for.
    #[must_use]
    pub fn matches(&self, alert: &Alert) -> bool {
        let labelled =
            |(label, value): &(Label, String)| alert.labels.get(*label) == Some(value.as_str());
        self.open.is_none_or(|open| open == alert.is_open())
            && self.rule.as_ref().is_none_or(|rule| *rule == alert.rule)
            && self.labels.iter().all(labelled)
            && !(self.outside_sandbox && alert.labels.is_sandbox())
    }
}

/// The newest alerts that match, by the time they fired; at most `limit` and [`LIST_ROWS_MAX`]. Rows
/// that cannot be read are left out and logged.
///
/// # Errors
/// When the store cannot be read.
pub fn list(store: &Store, filter: &AlertFilter, limit: usize) -> Result<Vec<Alert>> {
    let limit = limit.min(LIST_ROWS_MAX);
    let mut found = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    while found.len() < limit {
        let page = store.records(
            Table::Alert,
            &[BY_TIME],
            after.as_deref(),
            Order::Descending,
            PAGE_ROWS,
        )?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (_, value) in &page {
            let alert: Alert = match row::decode("alert", value) {
                Ok(alert) => alert,
                Err(error) => {
                    // One row, of another version or damaged, must not hide all others.
                    tracing::warn!(%error, "an alert is left out of a list");
                    continue;
                }
            };
            if filter.matches(&alert) && found.len() < limit {
                found.push(alert);
            }
        }
    }
    Ok(found)
}

/// The alert of that id.
///
/// # Errors
/// When the store cannot be read, or a row is damaged.
pub fn get(store: &Store, id: &str) -> Result<Option<Alert>> {
    let Some(key) = store.get(Table::Alert, &id_key(id))? else { return Ok(None) };
    let row = store.get(Table::Alert, &key)?.ok_or_else(|| Error::Corrupt {
        what: "alert",
        detail: format!("the index names {id}, which is not there"),
    })?;
    row::decode("alert", &row).map(Some)
}

/// Writes an alert with its index row.
pub(crate) fn put(batch: &mut TableBatch, alert: &Alert) {
    let key = time_key(alert);
    batch.put(Table::Alert, &id_key(&alert.id), key.clone());
    batch.put(Table::Alert, &key, row::encode(alert));
}

fn time_key(alert: &Alert) -> Vec<u8> {
    let fired_at = u64::try_from(alert.fired_at.0).unwrap_or(0);
    [&[BY_TIME], fired_at.to_be_bytes().as_slice(), alert.id.as_bytes()].concat()
}

fn id_key(id: &str) -> Vec<u8> {
    [&[BY_ID], id.as_bytes()].concat()
}
