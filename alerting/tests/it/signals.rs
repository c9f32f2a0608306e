//! What each signal and each field of a rule does, slot by slot on generated data: when an alert is
//! pending, fires and resolves, and why.

use std::path::Path;
use std::sync::Arc;

use plimsoll_alerting::engine::{Engine, Evaluation};
use plimsoll_alerting::{AlertState, RuleSet};
use plimsoll_storage::{
    Cell, GaugeCell, Outcome, SlotValue, SlotWidth, StreamKind, StreamRef, TimestampMs,
};

use crate::world::{START, minute};

const WIDTH: SlotWidth = SlotWidth::DEFAULT;

/// What is reported of `dhl` in one slot.
#[derive(Clone, Copy)]
enum Report {
    Nothing,
    /// Good and bad items.
    Items(u64, u64),
    /// One item that took so many seconds.
    Took(f64),
    Level(f64),
}

use Report::{Items, Level, Nothing, Took};

fn value(report: Report, at: TimestampMs) -> Option<SlotValue> {
    let mut cell = Cell::default();
    match report {
        Nothing => return None,
        Items(good, bad) => {
            (0..good).for_each(|_| cell.record(Outcome::Success, None, at));
            (0..bad).for_each(|_| cell.record(Outcome::Exception, None, at));
        }
        Took(seconds) => (0..10).for_each(|_| cell.record(Outcome::Success, Some(seconds), at)),
        Level(level) => return Some(SlotValue::Gauge(GaugeCell::new(level, at))),
    }
    Some(SlotValue::Activity(cell))
}

/// One rule, named `r`, on a stream or gauge named `s`.
fn rule(fields: &str) -> RuleSet {
    rule_with(fields, "")
}

fn rule_with(fields: &str, rest: &str) -> RuleSet {
    let text = format!(
        "receivers: [{{ name: a, webhook: {{ url: 'https://a.example' }} }}]\nrules:\n  \
         - {{ name: r, owner: o, runbook: partner-5xx, notify: [a], {fields} }}\n{rest}"
    );
    RuleSet::parse(&text, &|_| None, Path::new("."))
        .unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Evaluates `minutes` of reports; returns the transitions as `minute:second change reason severity`.
fn transitions(rules: RuleSet, minutes: i64, report: impl Fn(i64) -> Report) -> Vec<String> {
    let is_gauge = matches!(report(0), Level(_));
    let kind = if is_gauge { StreamKind::Gauge } else { StreamKind::Activity };
    let mut engine = Engine::new(Arc::new(rules), WIDTH);
    let labels = ["dhl", "", "production", "", ""];
    let mut lines = Vec::new();
    let first = WIDTH.slot_of(START);
    for number in 0..minutes * 6 {
        let slot = first.plus(u32::try_from(number).unwrap());
        if let Some(value) = value(report(number / 6), WIDTH.end(slot).plus_ms(-1)) {
            let stream = engine.stream(StreamRef { kind, name: "s", labels });
            engine.observe(stream, slot, &value);
        }
        lines.extend(engine.evaluate(slot).iter().filter_map(|it| line(it, WIDTH.end(slot))));
    }
    lines
}

fn line(evaluation: &Evaluation, at: TimestampMs) -> Option<String> {
    let transition = evaluation.transition?;
    let severity = match (evaluation.state, evaluation.before) {
        (AlertState::Firing(firing), _) | (_, AlertState::Firing(firing)) => {
            firing.severity.as_str()
        }
        _ => "-",
    };
    let seconds = at.since_ms(START) / 1_000;
    let (change, reason) = (transition.change, transition.reason.as_str());
    Some(format!("{}:{:02} {change:?} {reason} {severity}", seconds / 60, seconds % 60))
}

fn between(range: std::ops::Range<i64>, inside: Report, outside: Report) -> impl Fn(i64) -> Report {
    move |at| if range.contains(&at) { inside } else { outside }
}

#[test]
fn a_gauge_fires_above_or_below_its_threshold() {
    let high =
        "signal: { gauge: { name: s } }, window: 1m, for: 1m, warning: '> 500', critical: '> 1000'";
    assert_eq!(
        transitions(rule(high), 30, between(10..20, Level(1_500.0), Level(20.0))),
        [
            "10:10 Pended condition_met -",
            "11:10 Fired held_for critical",
            "21:10 Resolved cleared_for critical"
        ]
    );
    let low =
        "signal: { gauge: { name: s } }, window: 1m, for: 0s, clear: { for: 2m }, critical: '< 3'";
    assert_eq!(
        transitions(rule(low), 30, between(10..20, Level(2.0), Level(30.0))),
        ["10:10 Fired held_for critical", "22:10 Resolved cleared_for critical"]
    );
}

#[test]
fn a_forecast_fires_before_the_level_is_reached_and_a_flat_level_never() {
    let fields =
        "signal: { gauge: { name: s, forecast: 1h } }, window: 30m, for: 5m, critical: '> 1000'";
    // Ten a minute: 1,000 is reached at minute 90, and forecast an hour before.
    let found = transitions(rule(fields), 60, |at| Level(at as f64 * 10.0 + 100.0));
    let [pended, fired] = &found[..] else { panic!("{found:?}") };
    assert!(pended.starts_with("30:") || pended.starts_with("31:"), "{pended}");
    assert!(fired.starts_with("35:") || fired.starts_with("36:"), "{fired}");
    assert_eq!(transitions(rule(fields), 60, |_| Level(990.0)), [""; 0]);
}

#[test]
fn a_burn_rate_needs_both_windows_and_resolves_when_the_burning_stops() {
    let fields = "signal: { burn: { of: [exception], stream: s, objective: 99% } }, window: 1h, for: 0s, clear: { for: 1m }, critical: '> 14.4'";
    // A fifth fails: twenty times what is allowed. It takes most of the hour to burn that much.
    let found = transitions(rule(fields), 150, between(60..110, Items(80, 20), Items(100, 0)));
    let [fired, resolved] = &found[..] else { panic!("{found:?}") };
    assert!(fired.starts_with("105:"), "{fired}");
    // The hour is still burnt when the five minutes are over.
    assert!(resolved.starts_with("111:"), "{resolved}");
    // A burst ends before it has burnt enough.
    assert_eq!(
        transitions(rule(fields), 150, between(60..70, Items(80, 20), Items(100, 0))),
        [""; 0]
    );
}

#[test]
fn a_run_that_is_missed_late_or_failed_fires_when_its_success_is_overdue() {
    let fields = "signal: { run: { stream: s } }, critical: '> 90m'";
    let runs = |missed: fn(i64) -> Report| {
        move |at: i64| {
            if at % 60 != 0 {
                Nothing
            } else if at == 120 {
                missed(at)
            } else {
                Items(1, 0)
            }
        }
    };
    let overdue = ["150:00 Fired held_for critical", "180:10 Resolved cleared_for critical"];
    // The success of minute 60 was at 60:59; each slot of minute 60 reports one.
    let shifted: Vec<String> =
        overdue.iter().map(|line| line.replace("150:00", "151:00")).collect();
    assert_eq!(transitions(rule(fields), 200, runs(|_| Nothing)), shifted, "missed");
    assert_eq!(transitions(rule(fields), 200, runs(|_| Items(0, 1))), shifted, "failed");
    let late = |at: i64| {
        if at == 120 {
            Nothing
        } else if at == 155 || at % 60 == 0 {
            Items(1, 0)
        } else {
            Nothing
        }
    };
    let found = transitions(rule(fields), 200, late);
    assert_eq!(found, ["151:00 Fired held_for critical", "155:10 Resolved cleared_for critical"]);
    assert_eq!(
        transitions(rule(fields), 200, |at| if at % 60 == 0 { Items(1, 0) } else { Nothing }),
        [""; 0]
    );
}

#[test]
fn absence_covers_partners_seen_before_and_partners_expected_but_never_seen() {
    let fields = "signal: { absence: { stream: s } }, warning: '> 30m', critical: '> 2h'";
    // A heartbeat, which is a report without items, ends an absence as well.
    let seen = transitions(rule(fields), 200, |at| if at < 20 { Items(0, 0) } else { Nothing });
    assert_eq!(
        seen,
        ["50:10 Fired held_for warning", "140:10 Escalated critical_held_for critical"]
    );
    let expected = "partners: [{ name: ups, expects: [s] }, { name: gls }]\n";
    let never = transitions(rule_with(fields, expected), 60, |_| Items(1, 0));
    assert_eq!(never, ["30:10 Fired held_for warning"], "ups alone");
    assert_eq!(
        transitions(rule(fields), 60, |_| Nothing),
        [""; 0],
        "an unknown partner is not expected"
    );
}

#[test]
fn outside_its_schedule_a_rule_is_at_rest() {
    // START is 21:00 in Berlin, a Friday.
    let fields = "signal: { ratio: { of: [exception], stream: s } }, window: 1m, for: 2m, critical: '> 5%', \
         schedule: { days: [sat], from: '06:00', to: '07:00', time_zone: Europe/Berlin }";
    assert_eq!(
        transitions(rule(fields), 660, |_| Items(5, 5)),
        [
            "540:00 Pended condition_met -",
            "542:00 Fired held_for critical",
            "602:00 Resolved outside_hours critical"
        ]
    );
}

#[test]
fn no_data_resolves_an_alert_keeps_it_or_is_one() {
    let fields = |on_no_data: &str| {
        rule(&format!(
            "signal: {{ ratio: {{ of: [exception], stream: s }} }}, window: 1m, for: 1m, critical: '> 5%', on_no_data: {on_no_data}"
        ))
    };
    // Failures until minute 20, no data until 40, then no failures.
    let report = |at: i64| match at {
        0..10 | 40.. => Items(10, 0),
        10..20 => Items(5, 5),
        _ => Nothing,
    };
    let begin = ["10:30 Pended condition_met -", "11:30 Fired held_for critical"];
    let with = |end: &[&'static str]| [&begin[..], end].concat();
    assert_eq!(
        transitions(fields("ok"), 50, report),
        with(&["22:00 Resolved cleared_without_data critical"])
    );
    assert_eq!(
        transitions(fields("keep"), 50, report),
        with(&["41:10 Resolved cleared_for critical"])
    );
    assert_eq!(
        transitions(fields("alert"), 50, report),
        with(&["41:10 Resolved cleared_for critical"])
    );
    // No data while no alert is open.
    let silent = between(20..30, Nothing, Items(10, 0));
    assert_eq!(transitions(fields("ok"), 40, &silent), [""; 0]);
    assert_eq!(transitions(fields("keep"), 40, &silent), [""; 0]);
    assert_eq!(
        transitions(fields("alert"), 40, &silent),
        [
            "21:00 Pended condition_met -",
            "22:00 Fired held_for critical",
            "31:10 Resolved cleared_for critical"
        ]
    );
}

#[test]
fn an_alert_is_kept_for_a_while_and_until_its_clear_level() {
    let signal = "signal: { gauge: { name: s } }, window: 1m, for: 0s, critical: '> 1000'";
    let report = |at: i64| match at {
        10..20 => Level(1_500.0),
        20..30 => Level(900.0),
        _ => Level(100.0),
    };
    let end = |more: &str, end: &str| {
        let found = transitions(rule(&format!("{signal}, {more}")), 60, report);
        assert_eq!(found, ["10:10 Fired held_for critical", end], "{more}");
    };
    end("clear: { for: 1m }", "21:10 Resolved cleared_for critical");
    end("clear: { for: 1m }, keep_firing_for: 15m", "35:10 Resolved cleared_for critical");
    end("clear: { for: 1m, level: '> 800' }", "31:10 Resolved cleared_for critical");
}

#[test]
fn few_items_need_evidence_or_are_ignored() {
    let fields = "signal: { ratio: { of: [exception], stream: s } }, window: 1m, for: 0s, clear: { for: 1m }, critical: '> 5%'";
    let report = |at: i64| if (10..12).contains(&at) { Items(0, 1) } else { Nothing };
    // Three failures in a row prove more than 5 %, whatever the volume; two do not.
    assert_eq!(transitions(rule(fields), 20, report)[0], "10:30 Fired held_for critical");
    let counted = format!("{fields}, min_count: 6");
    assert_eq!(transitions(rule(&counted), 20, report)[0], "11:00 Fired held_for critical");
    let sure = format!("{fields}, confidence: 0.999999");
    assert_eq!(transitions(rule(&sure), 20, report)[0], "10:50 Fired held_for critical");
    let never = format!("{fields}, min_count: 7");
    assert_eq!(transitions(rule(&never), 20, report), [""; 0]);
}

#[test]
fn latency_is_compared_with_a_level_or_with_its_baseline() {
    let fixed =
        "signal: { latency: { q: 0.95, stream: s } }, window: 1m, for: 1m, critical: '> 1000ms'";
    let slow = between(600..620, Took(3.0), Took(0.8));
    assert_eq!(
        transitions(rule(fixed), 640, &slow),
        [
            "600:20 Pended condition_met -",
            "601:20 Fired held_for critical",
            "621:50 Resolved cleared_for critical"
        ]
    );
    let with_baseline = "signal: { latency: { q: 0.95, stream: s } }, critical: '> 500ms', usual: { times: 2 }, \
         scan: { windows: [3m, 5m] }, clear: { for: 5m }";
    // 0.8 s is above the level, but it is the baseline of this partner, once that is known.
    let found = transitions(rule(with_baseline), 660, &slow);
    let late: Vec<&String> = found.iter().filter(|line| line.as_str() > "600").collect();
    assert!(late.len() == 2 && late[0].starts_with("603:00 Fired"), "{found:?}");
}

#[test]
fn the_time_of_a_transition_does_not_depend_on_when_the_slots_are_known() {
    // All cells are known before the first evaluation, as after a downtime.
    let fields = "signal: { gauge: { name: s } }, window: 1m, for: 1m, critical: '> 1000'";
    let mut engine = Engine::new(Arc::new(rule(fields)), WIDTH);
    let stream = engine.stream(StreamRef {
        kind: StreamKind::Gauge,
        name: "s",
        labels: ["dhl", "", "production", "", ""],
    });
    let first = WIDTH.slot_of(START);
    let report = between(10..20, Level(1_500.0), Level(20.0));
    for number in (0..180).rev() {
        let slot = first.plus(number);
        let value = value(report(i64::from(number) / 6), WIDTH.end(slot).plus_ms(-1)).unwrap();
        engine.observe(stream, slot, &value);
    }
    let slots = (0..180).map(|number| first.plus(number));
    let found: Vec<String> = slots
        .flat_map(|slot| {
            let evaluations = engine.evaluate(slot);
            evaluations.iter().filter_map(|it| line(it, WIDTH.end(slot))).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(found, transitions(rule(fields), 30, &report));
    assert_eq!(WIDTH.start(first), minute(0));
}
