//! The state of each rule and group that is not at rest.
//!
//! Table `AlertState`, key: rule, 0, dedup key (64 hex digits). Value: [`StateRow`]. A group at rest has no
//! row.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use plimsoll_storage::{Order, Store, Table, TableBatch};

use crate::engine::{AlertState, Detection};
use crate::error::{Error, Result};
use crate::labels::GroupLabels;
use crate::records::alerts::{self, Alert, alert_id};
use crate::records::row;
use crate::rule::RuleIdentity;

/// A rule's state for one group.
#[derive(Debug, Clone)]
pub(crate) struct Tracked {
    /// Identity of the rule that evaluated the group.
    pub(crate) identity: RuleIdentity,
    pub(crate) state: AlertState,
    pub(crate) detection: Detection,
    /// The alert, while the state is firing.
    pub(crate) alert: Option<Alert>,
}

/// Name of the rule, labels of the group, and its state.
pub(crate) type TrackedGroup<'a> = (&'a str, &'a GroupLabels, &'a Tracked);

#[derive(Debug, Encode, Decode)]
struct StateRow {
    rule: String,
    labels: GroupLabels,
    identity: RuleIdentity,
    state: AlertState,
    detection: Detection,
}

/// Every state that is not at rest: by rule, then by group.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    rules: BTreeMap<String, BTreeMap<GroupLabels, Tracked>>,
}

impl Tracking {
    /// Reads the states of the last commit.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn load(store: &Store) -> Result<Self> {
        const PAGE_ROWS: usize = 256;
        let mut tracking = Self::default();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = store.records(
                Table::AlertState,
                &[],
                after.as_deref(),
                Order::Ascending,
                PAGE_ROWS,
            )?;
            let Some((last, _)) = page.last() else { return Ok(tracking) };
            after = Some(last.clone());
            for (_, value) in &page {
                tracking.load_row(store, value);
            }
        }
    }

    /// One damaged row must not stop the evaluation of all other rules: it is logged and left out.
    fn load_row(&mut self, store: &Store, value: &[u8]) {
        match read_row(store, value) {
            Ok((row, alert)) => {
                let StateRow { rule, labels, identity, state, detection } = row;
                let tracked = Tracked { identity, state, detection, alert };
                self.set(&rule, &labels, Some(tracked));
            }
            Err(error) => tracing::error!(%error, "the state of one alert is lost"),
        }
    }

    pub(crate) fn get(&self, rule: &str, labels: &GroupLabels) -> Option<&Tracked> {
        self.rules.get(rule)?.get(labels)
    }

    /// Replaces the state of a group; `None` when it is at rest.
    pub(crate) fn set(&mut self, rule: &str, labels: &GroupLabels, tracked: Option<Tracked>) {
        if let Some(tracked) = tracked {
            let groups = self.rules.entry(rule.to_owned()).or_default();
            groups.insert(labels.clone(), tracked);
        } else if let Some(groups) = self.rules.get_mut(rule) {
            groups.remove(labels);
        }
    }

    /// Every group that is not at rest.
    pub(crate) fn iter(&self) -> impl Iterator<Item = TrackedGroup<'_>> {
        self.rules.iter().flat_map(|(rule, groups)| {
            groups.iter().map(move |(labels, tracked)| (rule.as_str(), labels, tracked))
        })
    }
}

fn read_row(store: &Store, value: &[u8]) -> Result<(StateRow, Option<Alert>)> {
    let row: StateRow = row::decode("alert state", value)?;
    let alert = match row.state {
        AlertState::Firing(firing) => {
            let id = alert_id(&row.rule, &row.labels, firing.since);
            let missing = || Error::Corrupt {
                what: "alert state",
                detail: format!("its alert {id} is not there"),
            };
            Some(alerts::get(store, &id)?.ok_or_else(missing)?)
        }
        AlertState::Inactive | AlertState::Pending { .. } => None,
    };
    Ok((row, alert))
}

/// Writes the state of a group, or removes it when it is at rest.
pub(crate) fn write(
    batch: &mut TableBatch,
    rule: &str,
    labels: &GroupLabels,
    identity: RuleIdentity,
    (state, detection): (AlertState, Detection),
) {
    let key = [rule.as_bytes(), &[0], labels.dedup_key(rule).as_bytes()].concat();
    if state == AlertState::Inactive {
        batch.delete(Table::AlertState, &key);
    } else {
        let row =
            StateRow { rule: rule.to_owned(), labels: labels.clone(), identity, state, detection };
        batch.put(Table::AlertState, &key, row::encode(&row));
    }
}
