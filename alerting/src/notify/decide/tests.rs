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

/// Decisions from slot to slot, with what they record.
struct World {
    rules: RuleSet,
    state: NotifyState,
    open: OpenAlerts,
    states: BTreeMap<GroupLabels, AlertState>,
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
        let evaluations: Vec<Evaluation> = partners
            .iter()
            .map(|(partner, severity)| self.evaluation(at, partner, *severity))
            .collect();
        for evaluation in &evaluations {
            if let Some(firing) = alert_of(evaluation) {
                let key = ("r".to_owned(), evaluation.labels.clone());
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

    fn evaluation(&mut self, at: i64, partner: &str, severity: Option<Severity>) -> Evaluation {
        let at = minute(at);
        let before = self.states.get(&labels(partner)).copied().unwrap_or_default();
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
        self.states.insert(labels(partner), state);
        Evaluation {
            rule: 0,
            labels: labels(partner),
            before,
            state,
            transition: None,
            evidence: None,
            comparison: None,
            detection: Detection::default(),
        }
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
    world.rules.grouping = Some(GroupingSettings {
        by: Vec::new(),
        again_after_ms: 30 * MINUTE_MS,
        cascade_groups: 3,
        cascade_within_ms: 10 * MINUTE_MS,
        cascade_at_once_ms: 2 * MINUTE_MS,
        wait_critical_ms: MINUTE_MS,
        wait_warning_ms: MINUTE_MS,
    });
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
