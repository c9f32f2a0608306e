use plimsoll_storage::Label;

use super::*;
use crate::engine::{Detection, Firing};
use crate::labels::GroupLabels;
use crate::rule::{Escalation, GroupingSettings, Receiver, RuleMode, Secret, SlackTarget, Target};
use crate::testing::rule;

const MINUTE_MS: i64 = 60_000;

fn minute(minutes: i64) -> TimestampMs {
    TimestampMs(1_795_204_800_000 + minutes * MINUTE_MS)
}

fn receiver(name: &str, next: Option<&str>) -> Receiver {
    let url = Secret::new(format!("https://{name}.example"));
    let mut receiver = Receiver::new(name.into(), Target::Slack(SlackTarget { url }));
    receiver.escalate = next.map(|to| Escalation { to: to.into(), after_ms: 10 * MINUTE_MS });
    receiver
}

fn labels(partner: &str) -> GroupLabels {
    GroupLabels::new([(Label::Partner, partner.to_owned())])
}

fn grouping(wait_ms: i64) -> GroupingSettings {
    GroupingSettings {
        by: vec![Label::Partner],
        again_after_ms: 30 * MINUTE_MS,
        cascade_groups: 3,
        cascade_within_ms: 10 * MINUTE_MS,
        cascade_at_once_ms: 2 * MINUTE_MS,
        wait_critical_ms: wait_ms,
        wait_warning_ms: wait_ms,
    }
}

/// Decisions from slot to slot, with what they record.
struct World {
    rules: RuleSet,
    state: NotifyState,
    open: OpenAlerts,
    states: BTreeMap<(usize, GroupLabels), AlertState>,
    statuses: BTreeMap<AlertInstance, NotifyStatus>,
    acknowledged: BTreeSet<AlertInstance>,
}

impl World {
    fn new() -> Self {
        let receivers = vec![receiver("oncall", Some("boss")), receiver("boss", None)];
        let rules = RuleSet { receivers, rules: vec![rule("r")], ..RuleSet::default() };
        Self {
            rules,
            state: NotifyState::default(),
            open: OpenAlerts::default(),
            states: BTreeMap::new(),
            statuses: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
        }
    }

    /// One slot, in which these partners have an alert of that severity, or none. Returns the
    /// notifications: action, partner and receivers.
    fn slot(&mut self, at: i64, partners: &[(&str, Option<Severity>)]) -> Vec<String> {
        let alerts: Vec<_> = partners.iter().map(|(partner, it)| (0, *partner, *it)).collect();
        self.slot_of(at, &alerts)
    }

    /// The same with the position of the rule of each alert.
    fn slot_of(&mut self, at: i64, alerts: &[(usize, &str, Option<Severity>)]) -> Vec<String> {
        let evaluations: Vec<Evaluation> =
            alerts.iter().map(|alert| self.evaluation(at, *alert)).collect();
        for evaluation in &evaluations {
            if let Some(firing) = alert_of(evaluation) {
                let rule = self.rules.rules[evaluation.rule].name.clone();
                let key = (rule, evaluation.labels.clone());
                self.statuses.entry((key, firing.since)).or_default();
            }
        }
        self.open.update(&self.rules, &evaluations);
        let statuses =
            self.statuses.iter().map(|(alert, status)| (alert_ref(alert), status)).collect();
        let input = SlotInput {
            at: minute(at),
            rules: &self.rules,
            evaluations: &evaluations,
            open: &self.open,
            silences: &[],
            releases: &[],
            statuses: &statuses,
            acknowledged: &self.acknowledged,
            is_missed: false,
        };
        let (decision, next) = decide(&input, &self.state);
        self.state = next;
        self.statuses.extend(decision.changed);
        let line = |it: &Notification| {
            let receivers: Vec<&str> = it.receivers.iter().map(|it| it.receiver.as_str()).collect();
            let partner = it.alert.0.1.title();
            format!("{} {partner} {}", it.action.as_str(), receivers.join("+"))
        };
        decision.notifications.iter().map(line).collect()
    }

    fn evaluation(
        &mut self,
        at: i64,
        (rule, partner, severity): (usize, &str, Option<Severity>),
    ) -> Evaluation {
        let (at, key) = (minute(at), (rule, labels(partner)));
        let before = self.states.get(&key).copied().unwrap_or_default();
        let state = match (severity, before) {
            (Some(severity), AlertState::Firing(firing)) => {
                AlertState::Firing(Firing { severity, ..firing })
            }
            (Some(severity), _) => AlertState::Firing(Firing {
                since: at,
                fired_at: at,
                severity,
                clear_since: None,
                moved_since: None,
            }),
            (None, _) => AlertState::Inactive,
        };
        self.states.insert(key, state);
        Evaluation {
            rule,
            labels: labels(partner),
            before,
            state,
            transition: None,
            evidence: None,
            comparison: None,
            detection: Detection::default(),
        }
    }

    /// Three rules of several teams that share notifications by partner: `r` of `oncall`, `s` of `oncall`
    /// and `boss`, `t` of `hub`. Nobody escalates.
    fn of_teams(wait_ms: i64) -> Self {
        let mut world = Self::new();
        let teams: [(&str, &[&str]); 3] =
            [("r", &["oncall"]), ("s", &["oncall", "boss"]), ("t", &["hub"])];
        world.rules.receivers = ["oncall", "boss", "hub"].map(|name| receiver(name, None)).to_vec();
        world.rules.rules = teams
            .map(|(name, notify)| Rule {
                notify: notify.iter().map(|name| (*name).to_owned()).collect(),
                ..rule(name)
            })
            .to_vec();
        world.rules.grouping = Some(grouping(wait_ms));
        world
    }

    fn muted_by(&self, partner: &str) -> Option<MutedBy> {
        let mut of = self.statuses.iter().filter(|(((_, it), _), _)| *it == labels(partner));
        of.next_back().and_then(|(_, status)| status.muted_by)
    }
}

const WARNING: Option<Severity> = Some(Severity::Warning);
const CRITICAL: Option<Severity> = Some(Severity::Critical);

#[test]
fn an_alert_triggers_escalates_and_resolves_once() {
    let mut world = World::new();
    assert_eq!(world.slot(0, &[("dhl", WARNING)]), ["trigger dhl oncall"]);
    assert_eq!(world.slot(1, &[("dhl", WARNING)]), [""; 0]);
    assert_eq!(world.slot(2, &[("dhl", CRITICAL)]), ["escalate dhl oncall"]);
    assert_eq!(world.slot(3, &[("dhl", WARNING)]), [""; 0]);
    assert_eq!(world.slot(4, &[("dhl", None)]), ["resolve dhl oncall"]);
    assert_eq!(world.slot(5, &[("dhl", None)]), [""; 0]);
    assert_eq!(world.state, NotifyState::default());
}

#[test]
fn the_next_receiver_is_notified_unless_someone_acknowledges_and_of_the_end_too() {
    let mut world = World::new();
    assert_eq!(world.slot(0, &[("dhl", CRITICAL)]), ["trigger dhl oncall"]);
    assert_eq!(world.slot(9, &[("dhl", CRITICAL)]), [""; 0]);
    assert_eq!(world.slot(10, &[("dhl", CRITICAL)]), ["trigger dhl boss"]);
    assert_eq!(world.slot(30, &[("dhl", CRITICAL)]), [""; 0]);
    assert_eq!(world.slot(31, &[("dhl", None)]), ["resolve dhl oncall+boss"]);
    let mut world = World::new();
    assert_eq!(world.slot(0, &[("dhl", CRITICAL)]).len(), 1);
    world.acknowledged.extend(world.statuses.keys().cloned());
    assert_eq!(world.slot(10, &[("dhl", CRITICAL)]), [""; 0]);
}

#[test]
fn a_mute_is_noted_and_delays_the_trigger() {
    let mut world = World::new();
    world.rules.rules[0].notify_policy.from = Severity::Critical;
    assert_eq!(world.slot(0, &[("dhl", WARNING)]), [""; 0]);
    assert_eq!(world.muted_by("dhl"), Some(MutedBy::Severity));
    assert_eq!(world.slot(1, &[("dhl", CRITICAL)]), ["trigger dhl oncall"]);
    assert_eq!(world.muted_by("dhl"), None);
    assert_eq!(world.slot(2, &[("dhl", WARNING)]), ["resolve dhl oncall"]);
    assert_eq!(world.slot(3, &[("dhl", CRITICAL)]), ["trigger dhl oncall"]);
    world.rules.rules[0].notify_policy.mode = RuleMode::Shadow;
    assert_eq!(world.slot(4, &[("ups", CRITICAL)]), [""; 0]);
    assert_eq!(world.muted_by("ups"), Some(MutedBy::Shadow));
}

#[test]
fn alerts_of_one_notification_are_resolved_with_it() {
    let mut world = World::new();
    world.rules.grouping = Some(grouping(MINUTE_MS));
    let both = [("dhl", CRITICAL), ("ups", CRITICAL)];
    assert_eq!(world.slot(0, &both), [""; 0]);
    assert_eq!(world.muted_by("ups"), Some(MutedBy::Waiting));
    assert_eq!(world.slot(1, &both), ["trigger dhl oncall"]);
    // What muted it while it waited stays named until it is notified, or resolved.
    assert_eq!((world.muted_by("dhl"), world.muted_by("ups")), (None, Some(MutedBy::Shared)));
    let resolved = world.slot(2, &[("dhl", None), ("ups", CRITICAL)]);
    assert_eq!(resolved, [""; 0], "the notification is still open");
    assert_eq!(world.slot(9, &[("ups", None)]), ["resolve dhl oncall"]);
}

#[test]
fn receivers_of_an_alert_that_joins_are_notified_once_and_of_the_end() {
    let mut world = World::of_teams(0);
    let (r, s, t) = ((0, "dhl", CRITICAL), (1, "dhl", WARNING), (2, "ups", CRITICAL));
    assert_eq!(world.slot_of(0, &[r]), ["trigger dhl oncall"]);
    assert_eq!(world.slot_of(5, &[r, s]), ["trigger dhl boss"], "oncall has it already");
    assert_eq!(world.slot_of(6, &[r, s]), [""; 0]);
    assert_eq!(world.muted_by("dhl"), None);
    // A worse severity goes to those that were notified under this alert.
    assert_eq!(world.slot_of(7, &[r, (1, "dhl", CRITICAL)]), ["escalate dhl boss"]);
    // Of two that begin at the same time each reaches its own.
    assert_eq!(world.slot_of(20, &[r, s, t]), ["trigger ups hub"]);
    assert_eq!(world.slot_of(21, &[(0, "dhl", None), s, t]), [""; 0], "s is open");
    assert_eq!(world.slot_of(22, &[(2, "ups", None), s]), ["resolve ups hub"]);
    let resolved = ["resolve dhl boss", "resolve dhl oncall"];
    assert_eq!(world.slot_of(23, &[(1, "dhl", None)]), resolved);
    assert_eq!(world.state, NotifyState::default());
}

#[test]
fn receivers_of_a_joined_alert_that_ends_first_are_notified_of_the_end_with_the_notification() {
    let mut world = World::of_teams(0);
    let (r, t) = ((0, "dhl", CRITICAL), (2, "ups", CRITICAL));
    assert_eq!(world.slot_of(0, &[r]), ["trigger dhl oncall"]);
    assert_eq!(world.slot_of(1, &[r, t]), ["trigger ups hub"], "a cascade");
    let updates = ["update dhl ", "update ups "];
    assert_eq!(world.slot_of(3, &[r, t]), updates, "under each key; these receivers take none");
    assert_eq!(world.slot_of(4, &[r, (2, "ups", None)]), [""; 0]);
    let resolved = world.slot_of(5, &[(0, "dhl", None)]);
    assert_eq!(resolved, ["resolve dhl oncall", "resolve ups hub"]);
    assert_eq!(world.state, NotifyState::default());
}

#[test]
fn every_receiver_of_the_alerts_that_waited_is_notified() {
    let mut world = World::of_teams(MINUTE_MS);
    let all = [(1, "dhl", WARNING), (0, "dhl", CRITICAL), (2, "dhl", WARNING)];
    assert_eq!(world.slot_of(0, &all), [""; 0]);
    let expected = ["trigger dhl boss", "trigger dhl oncall", "trigger dhl hub"];
    assert_eq!(world.slot_of(1, &all), expected, "the worst notifies all of its own");
    assert_eq!(world.slot_of(2, &all), [""; 0]);
}

#[test]
fn an_alert_that_is_muted_while_it_waits_triggers_nothing() {
    let mut world = World::of_teams(2 * MINUTE_MS);
    world.rules.rules[2].depends_on = vec!["r".into()];
    let t = (2, "dhl", CRITICAL);
    assert_eq!(world.slot_of(0, &[t]), [""; 0]);
    assert_eq!(world.slot_of(1, &[(0, "dhl", CRITICAL), t]), [""; 0]);
    assert_eq!(world.slot_of(3, &[(0, "dhl", CRITICAL), t]), ["trigger dhl oncall"]);
    assert_eq!(world.slot_of(4, &[(0, "dhl", None), t]), ["resolve dhl oncall"]);
    assert_eq!(world.slot_of(6, &[t]), ["trigger dhl hub"]);
}

#[test]
fn one_receiver_of_two_escalations_is_notified_once() {
    let mut world = World::of_teams(0);
    world.rules.receivers = vec![
        receiver("oncall", Some("boss")),
        receiver("hub", Some("boss")),
        receiver("boss", None),
    ];
    let both = [(0, "dhl", CRITICAL), (2, "dhl", CRITICAL)];
    assert_eq!(world.slot_of(0, &both[..1]), ["trigger dhl oncall"]);
    assert_eq!(world.slot_of(5, &both), ["trigger dhl hub"]);
    assert_eq!(world.slot_of(10, &both), ["trigger dhl boss"]);
    assert_eq!(world.slot_of(15, &both), [""; 0], "boss has it under the other alert");
    // Who was escalated to has the notification when an alert joins.
    let all = [both[0], both[1], (1, "dhl", CRITICAL)];
    assert_eq!(world.slot_of(16, &all), [""; 0]);
}
