//! Live evaluation, replay and explanation name the same mute of an alert.

use std::collections::BTreeMap;

use plimsoll_alerting::explain::{ExplainRequest, explain};
use plimsoll_alerting::rule::Period;
use plimsoll_alerting::{
    AlertFilter, MutedBy, ReplayEvaluator, ReplayNotifier, RuleSet, Silence, alerts, silence,
};
use plimsoll_query::Budget;
use plimsoll_storage::{Label, LabelMatchers, Scan, Slot, SlotValue, SlotWidth, StreamKind};

use crate::world::{World, closed, minute, partner_5xx, rules};

/// What mutes the alerts, by rule and partner.
type Muted = BTreeMap<(String, String), Option<MutedBy>>;

/// When partners begin to fail, in minutes: late enough that an explanation evaluates that slot too.
const FROM: i64 = 10;
/// How long the story lasts, in minutes. The partners still fail then.
const UNTIL: i64 = 18;

fn world() -> World {
    let world = World::new();
    for partner in ["dhl", "ups"] {
        world.feed(partner, 0..FROM, 20, 0);
        world.feed(partner, FROM..UNTIL, 10, 10);
    }
    world
}

fn silence_of_dhl() -> Silence {
    Silence {
        id: String::new(),
        matches: LabelMatchers::any_of(Label::Partner, ["dhl"]),
        rule: None,
        period: Period { start: minute(0), end: minute(240), weekly: None },
        author: "ann".into(),
        reason: "vendor call".into(),
        created_at: minute(0),
    }
    .with_id()
}

/// What the records say after live evaluation, minute by minute.
fn live(world: &World, rules: &RuleSet) -> Muted {
    let mut evaluator = world.started(rules);
    for at in 1..=UNTIL {
        evaluator.evaluate_until(closed(minute(at))).unwrap();
    }
    let all = alerts::list(&world.store, &AlertFilter::default(), 100).unwrap();
    all.into_iter().map(|it| ((it.rule, it.labels.title()), it.notify.muted_by)).collect()
}

/// What a replay of the stored cells says.
fn replayed(world: &World, rules: &RuleSet, silences: Vec<Silence>) -> Muted {
    let width = SlotWidth::DEFAULT;
    let streams = world.store.select(StreamKind::Activity, None, &LabelMatchers::new());
    let slots = width.slot_of(minute(0))..width.slot_of(minute(UNTIL));
    let mut cells = Vec::new();
    let scan = Scan::new(&streams, slots);
    let mut take = |stream, slot: Slot, value: &SlotValue| {
        cells.push((slot, stream, value.clone()));
    };
    world.store.scan(&scan, &mut take).unwrap();
    cells.sort_by_key(|(slot, stream, _)| (*slot, *stream));
    let mut evaluator = ReplayEvaluator::share(rules, width, None, 1).remove(0);
    let mut notifier = ReplayNotifier::new(rules.clone(), false).with_silences(silences);
    for (slot, stream, value) in cells {
        evaluator.advance(width.end(slot));
        let key = world.store.stream_key(stream).unwrap();
        let number = evaluator.stream(key.as_ref());
        evaluator.observe(number, slot, &value);
        notifier.notify(evaluator.take_evaluations());
    }
    evaluator.advance(closed(minute(UNTIL)));
    notifier.notify(evaluator.take_evaluations());
    let (alerts, _) = notifier.finish();
    alerts.into_iter().map(|it| ((it.rule, it.labels.title()), it.muted_by)).collect()
}

/// What explanations of the last slot say.
fn explained(world: &World, rules: &RuleSet) -> Muted {
    let mut muted = Muted::new();
    for rule in &rules.rules {
        for partner in ["dhl", "ups"] {
            let request = ExplainRequest {
                rule,
                labels: vec![(Label::Partner, partner.to_owned())],
                at: minute(UNTIL),
                span_ms: 60_000,
                now: closed(minute(UNTIL)),
            };
            let found = explain(&world.store, rules, &request, Budget::UNLIMITED).unwrap().unwrap();
            let slot = found.groups[0].slots.iter().find(|slot| slot.t == minute(UNTIL)).unwrap();
            muted.insert((rule.name.clone(), partner.to_owned()), slot.muted_by);
        }
    }
    muted
}

#[tokio::test(flavor = "multi_thread")]
async fn live_replay_and_explanation_agree_on_every_mute() {
    let rule = partner_5xx("[oncall]");
    let child = rule.replace("rules:\n", "").replace("partner-5xx", "child");
    let warning = rule.replace("    critical: '> 20%'\n", "");
    let maintenance = "maintenance:\n  - { match: { partner: dhl }, start: 2026-11-20T19:00:00Z, \
                       end: 2026-11-20T23:00:00Z, author: ann, reason: upgrade }\n";
    let pages = "pages: { by: [partner], cascade: { groups: 3, within: 10m } }\n";
    let table = [
        (rule.clone(), true, vec![("partner-5xx", "dhl", MutedBy::Silenced)]),
        (format!("{rule}{maintenance}"), false, vec![("partner-5xx", "dhl", MutedBy::Maintenance)]),
        (
            format!("{rule}{child}    depends_on: [partner-5xx]\n"),
            false,
            vec![("child", "dhl", MutedBy::Dependency), ("child", "ups", MutedBy::Dependency)],
        ),
        (
            format!("{rule}    mode: shadow\n{child}    depends_on: [partner-5xx]\n"),
            false,
            vec![("partner-5xx", "dhl", MutedBy::Shadow), ("partner-5xx", "ups", MutedBy::Shadow)],
        ),
        (
            format!("{warning}    notify_from: critical\n{child}    depends_on: [partner-5xx]\n"),
            false,
            vec![
                ("partner-5xx", "dhl", MutedBy::Severity),
                ("partner-5xx", "ups", MutedBy::Severity),
            ],
        ),
        (
            format!(
                "{rule}partners: [{{ name: dhl, paused: true }}, {{ name: ups, depends_on: [dhl] }}]\n"
            ),
            false,
            vec![("partner-5xx", "dhl", MutedBy::Paused)],
        ),
        (
            format!("{rule}partners: [{{ name: dhl, paused: true }}]\n"),
            false,
            vec![("partner-5xx", "dhl", MutedBy::Paused)],
        ),
        (format!("{rule}{pages}"), false, vec![("partner-5xx", "ups", MutedBy::Shared)]),
    ];
    for (text, is_silenced, expected) in table {
        let rules = rules("127.0.0.1:9", &text);
        let world = world();
        let silences: Vec<Silence> = is_silenced.then(silence_of_dhl).into_iter().collect();
        for silence in &silences {
            assert!(silence::put(&world.store, silence, minute(0)).unwrap());
        }
        let found = live(&world, &rules);
        let muted = found
            .iter()
            .filter_map(|((rule, partner), by)| by.map(|by| (rule.as_str(), partner.as_str(), by)));
        let muted: Vec<_> = muted.collect();
        assert_eq!(muted, expected, "{text}");
        assert_eq!(replayed(&world, &rules, silences), found, "{text}");
        assert_eq!(explained(&world, &rules), found, "{text}");
    }
}
