//! What is told beside beginnings and ends: who is next, who is in a message now, what silences hold back.

use std::collections::BTreeMap;

use super::SlotRun;
use crate::error::Result;
use crate::message::units;
use crate::notify::escalate;
use crate::notify::grouping::{GroupChange, GroupEvent};
use crate::records::acknowledgement;
use crate::records::alerts::{self, Alert, NotifiedReceiver, alert_id};
use crate::records::delivery::{Action, NotificationRecord};
use crate::rule::Receiver;
use crate::text::content::Content;

impl SlotRun<'_> {
    /// Tells the next receiver of messages that nobody has acknowledged for a while. What was missed
    /// is made up for once all is judged.
    pub(in crate::evaluate) fn escalate(&mut self) -> Result<()> {
        if self.telling.is_missed || self.rules.receivers.iter().all(|it| it.escalate.is_none()) {
            return Ok(());
        }
        let (pager, staged) = (self.telling.pager, self.staged_by_id());
        for ((rule, labels), since) in pager.speakers() {
            let id = alert_id(rule, labels, *since);
            let position = staged.get(&id).copied();
            let Some(mut alert) = self.speaker(&id, position)? else { continue };
            let due = escalate::due(&alert, &self.rules.receivers, self.at);
            let is_told = alert.paged.is_some() && alert.resolve_sent_at.is_none();
            if due.is_empty() || !is_told || acknowledgement::get(self.store, &id)?.is_some() {
                continue;
            }
            self.tell_next(&mut alert, &due);
            let staged = position.and_then(|at| self.staged.get_mut(at)?.2.as_mut());
            if let Some(tracked) = staged {
                tracked.alert = Some(alert);
            }
        }
        Ok(())
    }

    /// Where the groups of open alerts stand among what is staged, by the id of the alert.
    fn staged_by_id(&self) -> BTreeMap<String, usize> {
        let staged = self.staged.iter().enumerate();
        staged
            .filter_map(|(at, (_, _, next))| Some((next.as_ref()?.alert.as_ref()?.id.clone(), at)))
            .collect()
    }

    /// The alert of that id; `at` is where its group is staged. One that has ended may have spoken in a
    /// message that goes on.
    fn speaker(&self, id: &str, at: Option<usize>) -> Result<Option<Alert>> {
        let held = at.and_then(|at| self.staged.get(at)?.2.as_ref()?.alert.clone());
        held.map_or_else(|| alerts::get(self.store, id), |alert| Ok(Some(alert)))
    }

    /// Brings open messages up to date at receivers that can change what they were told.
    pub(in crate::evaluate) fn update_messages(&mut self, says: &[GroupEvent]) -> Result<()> {
        if says.iter().all(|say| say.word != GroupChange::Update) {
            return Ok(());
        }
        let staged = self.staged_by_id();
        for say in says.iter().filter(|say| say.word == GroupChange::Update) {
            let (rule, labels) = &say.key;
            let id = alert_id(rule, labels, say.since);
            let Some(alert) = self.speaker(&id, staged.get(&id).copied())? else { continue };
            if alert.paged.is_none() || alert.resolve_sent_at.is_some() {
                continue;
            }
            let said = self.said(&alert, Action::Update);
            let takes_it = |told: &&NotifiedReceiver| {
                let receiver = self.rules.receiver(&told.receiver);
                receiver.is_some_and(|receiver| receiver.target.takes_updates())
            };
            let to: Vec<NotifiedReceiver> =
                alert.receivers.iter().filter(takes_it).cloned().collect();
            self.deliver(&said, &to);
        }
        Ok(())
    }

    fn tell_next(&mut self, alert: &mut Alert, due: &[(&Receiver, i64)]) {
        let known = alert.receivers.len();
        alert.tell(due.iter().map(|(receiver, _)| *receiver), false, self.at);
        alerts::put(&mut self.batch, alert);
        let mut said = self.said(alert, Action::Trigger);
        let longest_ms = due.iter().map(|(_, after_ms)| *after_ms).max().unwrap_or(0);
        let because = format!("nobody acknowledged it for {}", units::duration(longest_ms));
        said.content.muted_by = Some(because);
        let new = alert.receivers.get(known..).unwrap_or_default().to_vec();
        self.deliver(&said, &new);
    }

    /// Tells notices to those they name.
    pub(in crate::evaluate) fn notices(&mut self, notices: &[(Action, Alert)]) {
        for (action, notice) in notices {
            let (alert, group) = (notice.clone(), notice.rule.clone());
            let said = NotificationRecord {
                action: *action,
                at: self.at,
                group,
                alert,
                content: Content::default(),
            };
            self.deliver(&said, &notice.receivers);
        }
    }
}
