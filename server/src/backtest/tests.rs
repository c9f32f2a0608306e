//! A backtest over the store of a running server finds the same bytes as the server found live.

use std::sync::Arc;

use plimsoll_alerting::{
    Alert, AlertFilter, Evaluator, ReplayedAlert, RuleSet, TransitionEvent, alerts,
};
use plimsoll_storage::{
    Cell, Durability, GaugeCell, Options, Outcome, Retention, Slot, Store, StreamKind, StreamRef,
    TimestampMs,
};
use tempfile::TempDir;

use super::{History, ReadSummary, Replay, ReplayOptions, ReplayResult, replay, report};

/// 2026-11-20T20:00:00Z.
const START: TimestampMs = TimestampMs(1_795_204_800_000);
const MINUTES: u32 = 6 * 60;
const SEEDS: std::ops::Range<u64> = 0..3;

/// Every kind of signal, with hysteresis, dependencies and shared messages.
const RULES: &str = r#"
receivers:
  - { name: hub, webhook: { url: "https://hub.example/alerts", secret: { env: HUB_KEY } } }
rules:
  - name: partner-5xx
    owner: integrations
    runbook: partner-5xx
    signal: { ratio: { of: [5xx, timeout], stream: requests } }
    by: [partner]
    window: 3m
    for: 1m
    critical: "> 20%"
    warning: "> 5%"
    notify: [hub]
  - name: partner-p95
    owner: integrations
    runbook: partner-p95
    signal: { latency: { q: 0.95, stream: requests } }
    by: [partner, operation]
    window: 5m
    for: 2m
    critical: "> 1000ms"
    depends_on: [partner-5xx]
    notify: [hub]
  - name: requests-stale
    owner: integrations
    runbook: tracking-stale
    signal: { freshness: { stream: requests } }
    by: [partner]
    critical: "> 10m"
    notify: [hub]
  - name: queue-depth
    owner: integrations
    runbook: https://runbooks.example/queue
    signal: { gauge: { name: queue_depth } }
    by: [partner]
    window: 2m
    for: 1m
    critical: "> 80"
    notify: [hub]
"#;

struct World {
    dir: TempDir,
    store: Arc<Store>,
    rules: RuleSet,
}

impl World {
    fn new() -> Self {
        Self::keeping(Retention::default())
    }

    fn keeping(retention: Retention) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut options = Options::new(dir.path());
        (options.durability, options.retention) = (Durability::Memory, retention);
        let store = Arc::new(Store::open(&options).expect("a store"));
        let key = |_: &str| Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let rules = RuleSet::parse(RULES, &key, dir.path()).expect("good rules");
        Self { dir, store, rules }
    }

    /// Runs live for some hours slot by slot, in simulated time. Returns the changes of state.
    fn live(&self, seed: u64) -> Vec<TransitionEvent> {
        let rules = Arc::new(self.rules.clone());
        let mut evaluator = Evaluator::new(Arc::clone(&self.store), rules).expect("readable");
        let width = self.store.slot_width();
        let first = width.slot_of(START);
        evaluator.evaluate_until(START.plus_ms(width.ms() / 2)).expect("judged");
        let mut random = Random(seed + 1);
        let mut transitions = Vec::new();
        for number in 0..MINUTES * 6 {
            let slot = first.plus(number);
            self.append(slot, number / 6, &mut random);
            let now = width.end(slot).plus_ms(width.ms() / 2);
            transitions.extend(evaluator.evaluate_until(now).expect("judged").transitions);
        }
        transitions
    }

    /// A slot of three partners with failures, slow periods, gaps and a queue that fills.
    fn append(&self, slot: Slot, minute: u32, random: &mut Random) {
        let at = self.store.slot_width().end(slot).plus_ms(-1);
        let mut batch = self.store.batch();
        for (number, partner) in ["dhl", "gls", "ups"].into_iter().enumerate() {
            let phase = (minute + 40 * number as u32) % 120;
            if partner == "ups" && (100..118).contains(&phase) {
                continue;
            }
            for operation in ["label", "rates"] {
                let mut cell = Cell::default();
                for _ in 0..random.below(8) + 2 {
                    let fails = random.below(100) < if (20..32).contains(&phase) { 45 } else { 3 };
                    let outcome = if fails { Outcome::Status5xx } else { Outcome::Status2xx };
                    let slow = (60..75).contains(&phase) && operation == "label";
                    let seconds = if slow { 2.0 } else { 0.2 } + random.below(100) as f64 / 1e3;
                    cell.record(outcome, Some(seconds), at);
                }
                let labels = [partner, operation, "production", "", ""];
                let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
                batch.activity(stream, slot).expect("room").merge(&cell);
            }
            let depth = f64::from(phase) + random.below(5) as f64;
            let labels = [partner, "", "production", "", ""];
            let stream = StreamRef { kind: StreamKind::Gauge, name: "queue_depth", labels };
            batch.gauge(stream, slot, GaugeCell::new(depth, at)).expect("room");
        }
        self.store.append_blocking(batch.finish(), 1, None, at).expect("appended");
    }

    /// The stored alerts as a replay would return them, and which of them were notified.
    fn live_alerts(&self) -> (Vec<ReplayedAlert>, Vec<bool>) {
        let mut listed =
            alerts::list(&self.store, &AlertFilter::default(), 1_000).expect("readable");
        listed.sort_by(|a, b| {
            (a.fired_at, &a.rule, &a.labels).cmp(&(b.fired_at, &b.rule, &b.labels))
        });
        let notified = listed.iter().map(|alert| alert.notify.notified.is_some()).collect();
        (listed.into_iter().map(replayed).collect(), notified)
    }
}

fn replayed(alert: Alert) -> ReplayedAlert {
    ReplayedAlert {
        rule: alert.rule,
        signal: alert.signal,
        severity: alert.severity,
        labels: alert.labels,
        pending_at: alert.pending_at,
        fired_at: alert.fired_at,
        resolved_at: alert.resolved_at,
        peak: alert.peak,
        muted_by: alert.notify.muted_by,
        notifications: Vec::new(),
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

fn transitions_of(events: &[TransitionEvent], rules: &RuleSet) -> String {
    let mut text = Vec::new();
    report::write_transitions(events, rules, &mut text).expect("into memory");
    String::from_utf8(text).expect("JSON is text")
}

fn alerts_of(alerts: &[ReplayedAlert]) -> String {
    let mut text = Vec::new();
    report::write_json(alerts, &mut text).expect("into memory");
    String::from_utf8(text).expect("JSON is text")
}

#[test]
fn a_live_run_and_a_backtest_of_its_store_write_the_same_bytes() {
    for seed in SEEDS {
        let world = World::new();
        let live = transitions_of(&world.live(seed), &world.rules);
        world.store.seal().expect("sealed");
        let history = History::stored(Arc::clone(&world.store));
        let options = ReplayOptions { threads: 1, with_transitions: true };
        let replayed = replay(&history, vec![world.rules.clone()], options, &|_, _| true);
        let Replay { mut results, scope, .. } = replayed.expect("readable");
        let ReplayResult { mut alerts, transitions } = results.pop().expect("one rule set");
        let again = transitions_of(&transitions, &world.rules);
        assert_eq!(live, again, "seed {seed}");
        for name in ["partner-5xx", "partner-p95", "requests-stale", "queue-depth"] {
            let of_rule = format!("\"rule\":\"{name}\"");
            for change in ["fired", "resolved"] {
                let change = format!("\"change\":\"{change}\"");
                let any = live.lines().any(|it| it.contains(&of_rule) && it.contains(&change));
                assert!(any, "seed {seed}: {name} has no {change}");
            }
        }
        let notified: Vec<bool> = alerts.iter().map(|it| !it.notifications.is_empty()).collect();
        assert!(notified.contains(&true), "seed {seed}");
        // Live notifications are in the outbox, which does not keep the group name.
        alerts.iter_mut().for_each(|alert| alert.notifications.clear());
        let (live, live_notified) = world.live_alerts();
        assert_eq!(alerts_of(&live), alerts_of(&alerts), "seed {seed}");
        assert_eq!(live_notified, notified, "seed {seed}");
        assert_eq!(scope.partners.len(), 3);
        drop(world.dir);
    }
}

/// Replays two rule sets, so that evaluators of both share threads.
fn replayed_on(threads: usize, world: &World) -> (String, ReadSummary) {
    let history = History::stored(Arc::clone(&world.store));
    let mut quiet = world.rules.clone();
    quiet.rules.iter_mut().for_each(|rule| rule.for_ms *= 2);
    let rule_sets = vec![world.rules.clone(), quiet];
    let options = ReplayOptions { threads, with_transitions: true };
    let Replay { results, read, .. } =
        replay(&history, rule_sets, options, &|_, _| true).expect("readable");
    let text = results
        .iter()
        .map(|it| alerts_of(&it.alerts) + &transitions_of(&it.transitions, &world.rules));
    (text.collect(), read)
}

#[test]
fn one_thread_and_several_write_the_same_bytes() {
    let world = World::new();
    let mut random = Random(7);
    let first = world.store.slot_width().slot_of(START);
    (0..MINUTES * 6).for_each(|number| world.append(first.plus(number), number / 6, &mut random));
    let (one, _) = replayed_on(1, &world);
    assert!(one.lines().filter(|it| it.contains("\"notifications\":[{")).count() > 4, "{one}");
    for threads in [2, 3, 8] {
        assert!(replayed_on(threads, &world).0 == one, "{threads} threads find something else");
    }
}

#[test]
fn days_with_expired_slots_are_evaluated_by_the_minute() {
    const DAY_MS: i64 = 86_400_000;
    let world = World::keeping(Retention { slot_ms: DAY_MS, ..Retention::default() });
    let width = world.store.slot_width();
    let mut random = Random(7);
    // The same hours two days ago, of which only minutes are kept, and today.
    for start in [START.plus_ms(-2 * DAY_MS), START] {
        let first = width.slot_of(start);
        for number in 0..MINUTES * 6 {
            world.append(first.plus(number), number / 6, &mut random);
        }
        world.store.seal().expect("sealed");
    }
    let now = START.plus_ms(i64::from(MINUTES) * 60_000);
    world.store.maintain(now).expect("tidied");
    let (one, read) = replayed_on(1, &world);
    assert_eq!(replayed_on(3, &world).0, one);
    // 20:00 to 02:00: slots are kept since yesterday's midnight.
    let until = TimestampMs(START.0 - START.0.rem_euclid(DAY_MS));
    let ReadSummary::Cells { count, by_minute_until, .. } = read else { panic!("cells were read") };
    assert_eq!(by_minute_until, Some(until));
    assert!(count_before(&one, until, "fired") > 4, "{one}");
    assert!(count_since(&one, until, "fired") > 4, "{one}");
    for line in one.lines().filter(|line| at_of(line).is_some_and(|at| at < until)) {
        assert!(line.contains(":00.000Z\""), "{line}");
    }
    assert!(count > 0);
}

/// The time of a line about a change of state.
fn at_of(line: &str) -> Option<TimestampMs> {
    let at = line.strip_prefix("{\"at\":\"")?.split('"').next()?;
    plimsoll_alerting::parse_time(at).ok()
}

fn count_before(text: &str, until: TimestampMs, change: &str) -> usize {
    let change = format!("\"change\":\"{change}\"");
    text.lines().filter(|it| it.contains(&change) && at_of(it).is_some_and(|at| at < until)).count()
}

fn count_since(text: &str, from: TimestampMs, change: &str) -> usize {
    let all = count_before(text, TimestampMs(i64::MAX), change);
    all - count_before(text, from, change)
}
