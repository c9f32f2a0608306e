//! Reminders: a silence that is about to end, and still holds something back, says so to those who would
//! have been told, so that it can be made longer or what it hides be looked at. When it has ended, so has
//! the reminder; what it held back is told then.
//!
//! Pure: silences and what they hold back in, what is to be told out. Reminders that are open are kept in
//! the commit that tells of them.

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use plimsoll_storage::TimestampMs;

use crate::alerts::{Alert, NOTICE_PREFIX};
use crate::delivery::Action;
use crate::limits::REMINDER_ALERTS_MAX;
use crate::pager::AlertKey;
use crate::rule::{Receiver, RuleSet};
use crate::silence::Silence;
use crate::words;

/// Reminders that are open, by the id of their silence.
#[derive(Debug, Clone, Default, PartialEq, Encode, Decode)]
pub(crate) struct Reminders {
    open: BTreeMap<String, Alert>,
}

impl Reminders {
    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes what silences hold back in a slot that ends `at`, and answers what is to be told now, as
    /// notices to the receivers they name.
    pub(crate) fn follow(
        &mut self,
        rules: &RuleSet,
        silences: &[Silence],
        held_back: &[&AlertKey],
        at: TimestampMs,
    ) -> Vec<(Action, Alert)> {
        let mut told = Vec::new();
        for (id, notice) in &self.open {
            let silence = silences.iter().find(|silence| silence.id == *id);
            if silence.is_none_or(|silence| at >= silence.period.end) {
                let symptom = format!("{}: it has ended", notice.symptom);
                told.push((Action::Resolve, Alert { symptom, ..notice.clone() }));
            }
        }
        let goes_on = |id: &String| silences.iter().any(|it| it.id == *id && at < it.period.end);
        self.open.retain(|id, _| goes_on(id));
        for silence in silences.iter().filter(|silence| silence.ends_soon(at)) {
            if self.open.contains_key(&silence.id) {
                continue;
            }
            if let Some(notice) = notice(rules, silence, held_back, at) {
                self.open.insert(silence.id.clone(), notice.clone());
                told.push((Action::Trigger, notice));
            }
        }
        told
    }
}

/// What a silence that is about to end has to say, when it holds something back.
fn notice(
    rules: &RuleSet,
    silence: &Silence,
    held_back: &[&AlertKey],
    at: TimestampMs,
) -> Option<Alert> {
    let covered = |(name, labels): &&AlertKey| {
        let rule = rules.rule(name);
        rule.is_some_and(|rule| silence.covers(name, &rule.known_labels(labels), at))
    };
    let covered: Vec<&AlertKey> = held_back.iter().copied().filter(covered).collect();
    let named = covered.iter().take(REMINDER_ALERTS_MAX);
    let named: Vec<String> =
        named.map(|(rule, labels)| format!("{rule} of {}", labels.title())).collect();
    if named.is_empty() {
        return None;
    }
    let more = covered.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let line = format!(
        "The silence of {} by {} ({}) ends at {} and still holds back: {}{more}",
        silence.scope(),
        silence.author,
        silence.reason,
        words::moment(silence.period.end),
        named.join(", "),
    );
    let mut notice = Alert::notice(format!("{NOTICE_PREFIX}silence:{}", silence.id), line, at);
    notice.owner.clone_from(&silence.author);
    let would_be_told = |receiver: &&Receiver| {
        let mut rules = covered.iter().filter_map(|(rule, _)| rules.rule(rule));
        rules.any(|rule| rule.notify.contains(&receiver.name))
    };
    notice.tell(rules.receivers.iter().filter(would_be_told), true, at);
    Some(notice)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plimsoll_storage::Label;

    use super::*;
    use crate::labels::GroupLabels;
    use crate::rule::{Period, Secret, Target};
    use crate::testing::rule;

    const HOUR_MS: i64 = 3_600_000;

    fn minute(minute: i64) -> TimestampMs {
        TimestampMs(1_795_204_800_000 + minute * 60_000)
    }

    fn rules() -> RuleSet {
        let receiver = |name: &str| {
            let url = Secret::new(format!("https://{name}.example"));
            Receiver::new(name.into(), Target::Slack { url })
        };
        let receivers = ["oncall", "other"].map(receiver).to_vec();
        RuleSet { receivers, rules: vec![rule("r")], ..RuleSet::default() }
    }

    fn silence() -> Silence {
        let silence = Silence {
            id: String::new(),
            matches: BTreeMap::from([(Label::Partner, BTreeSet::from(["dhl".to_owned()]))]),
            rule: None,
            period: Period { start: minute(0), end: minute(0).plus_ms(HOUR_MS), weekly: None },
            author: "ann".into(),
            reason: "vendor call".into(),
            created_at: minute(0),
        };
        silence.with_id()
    }

    fn alert(partner: &str) -> AlertKey {
        ("r".into(), GroupLabels::new([(Label::Partner, partner.to_owned())]))
    }

    #[test]
    fn a_silence_reminds_once_before_its_end_of_what_it_holds_back() {
        let (rules, silences) = (rules(), [silence()]);
        let (dhl, ups) = (alert("dhl"), alert("ups"));
        let mut reminders = Reminders::default();
        let mut told = |at, held: &[&AlertKey]| {
            let told = reminders.follow(&rules, &silences, held, minute(at));
            told.into_iter().map(|(action, notice)| (action, notice.symptom)).collect::<Vec<_>>()
        };
        assert_eq!(told(44, &[&dhl]), []);
        assert_eq!(told(45, &[&ups]), [], "it holds nothing back");
        let line = "The silence of partner dhl by ann (vendor call) ends at 2026-11-20T21:00:00Z \
                    and still holds back: r of dhl";
        assert_eq!(told(46, &[&dhl, &ups]), [(Action::Trigger, line.to_owned())]);
        assert_eq!(told(47, &[&dhl]), []);
        assert_eq!(told(60, &[]), [(Action::Resolve, format!("{line}: it has ended"))]);
        assert_eq!(told(61, &[]), []);
    }

    #[test]
    fn only_who_would_have_been_told_is_reminded_and_an_early_end_ends_it() {
        let (rules, mut silences) = (rules(), [silence()]);
        let dhl = alert("dhl");
        let mut reminders = Reminders::default();
        let told = reminders.follow(&rules, &silences, &[&dhl], minute(50));
        let receivers: Vec<&str> =
            told[0].1.receivers.iter().map(|told| told.receiver.as_str()).collect();
        assert_eq!(receivers, ["oncall"]);
        assert!(told[0].1.is_notice());
        silences[0].period.end = minute(52);
        let told = reminders.follow(&rules, &silences, &[&dhl], minute(52));
        assert_eq!((told.len(), told[0].0), (1, Action::Resolve));
        assert!(reminders.is_empty());
    }
}
