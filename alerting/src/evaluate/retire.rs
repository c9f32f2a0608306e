//! What rules leave behind that are no longer in force, or judge otherwise: their alerts end, and say why.

use std::collections::BTreeMap;

use plimsoll_storage::{Table, TimestampMs};

use super::write::{SlotRun, Telling};
use super::{EvaluatedSlots, Evaluator, PAGER_KEY};
use crate::engine::StateReason;
use crate::error::Result;
use crate::labels::GroupLabels;
use crate::records::row;
use crate::records::state::Tracked;
use crate::rule::Rule;

impl Evaluator {
    /// Ends what is tracked of rules that are no longer there or judge otherwise, before anything is
    /// judged by the rules that are.
    pub(super) fn retire(&mut self, at: TimestampMs, judged: &mut EvaluatedSlots) -> Result<()> {
        if !std::mem::take(&mut self.may_be_retired) {
            return Ok(());
        }
        let gone: Vec<_> = self
            .tracking
            .iter()
            .filter_map(|(rule, labels, tracked)| {
                let reason = self.retired_because(rule, labels, tracked)?;
                Some((rule.to_owned(), labels.clone(), tracked.clone(), reason))
            })
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        let keys = gone.iter().map(|(rule, labels, ..)| (rule.clone(), labels.clone()));
        let mut pager = self.pager.clone();
        let says = pager.let_go(&keys.collect::<Vec<_>>());
        let telling = Telling::new(&says, &pager, BTreeMap::new(), false, &self.base_url);
        let mut run = SlotRun::new(&self.store, &self.rules, at, telling);
        for (rule, labels, tracked, reason) in &gone {
            run.retire(rule, labels, tracked, *reason);
        }
        run.end_messages(&says)?;
        let events = run.commit(&mut self.tracking, |batch| {
            batch.put(Table::Cursor, PAGER_KEY, row::encode(&pager));
        });
        // The next call tries again what could not be written.
        judged.transitions.extend(events.inspect_err(|_| self.may_be_retired = true)?);
        self.pager = pager;
        Ok(())
    }

    /// Why a tracked group is no longer watched as it was, when it is not.
    fn retired_because(
        &self,
        rule: &str,
        labels: &GroupLabels,
        held: &Tracked,
    ) -> Option<StateReason> {
        let position = self.rules.rules.iter().position(|it| it.name == rule);
        let Some(position) = position else { return Some(StateReason::RuleRemoved) };
        let grouped = self.rules.rules.get(position).is_some_and(|it| is_grouped_by(labels, it));
        if !grouped {
            return Some(StateReason::GroupingChanged);
        }
        let same = self.identities.get(position) == Some(&held.identity);
        (!same).then_some(StateReason::RuleChanged)
    }
}

/// Whether the group is one that the rule makes: it has exactly the labels of a grouping.
fn is_grouped_by(labels: &GroupLabels, rule: &Rule) -> bool {
    rule.groupings().any(|by| labels.are_by(by))
}
