//! What decided an evaluation agrees with what it decided, for every signal.

use std::path::Path;

use plimsoll_storage::{Cell, GaugeCell, Outcome};
use proptest::prelude::*;

use super::*;
use crate::engine::calendar::Calendar;
use crate::engine::compact::NEVER;
use crate::engine::evidence::Gate;
use crate::rule::{RuleSet, Severity};

const RULES: [&str; 10] = [
    "name: ratio, signal: { ratio: { of: [5xx], stream: s } }, window: 5m, min_count: 20, \
     critical: '> 10%', warning: '> 2%'",
    "name: scanned, signal: { ratio: { of: [5xx], stream: s } }, scan: {}, usual: { times: 3 }, \
     critical: '> 5%', warning: '> 1%'",
    "name: latency, signal: { latency: { q: 0.9, stream: s } }, window: 5m, \
     critical: '> 1s', warning: '> 300ms'",
    "name: slow, signal: { latency: { q: 0.9, stream: s } }, scan: {}, usual: { times: 1.5 }, \
     critical: '> 1s', warning: '> 300ms'",
    "name: drop, signal: { drop: { stream: s } }, critical: '< 40% of usual', \
     warning: '< 60% of usual'",
    "name: burn, signal: { burn: { of: [5xx], stream: s, objective: 99% } }, window: 1h, \
     critical: '> 14.4', warning: '> 3'",
    "name: age, signal: { freshness: { stream: s } }, critical: '> 5m', warning: '> 1m'",
    "name: absent, signal: { absence: { stream: s } }, critical: '> 5m'",
    "name: high, signal: { gauge: { name: g } }, window: 1m, critical: '> 80', warning: '> 50'",
    "name: low, signal: { gauge: { name: g } }, window: 1m, critical: '< 10'",
];

fn rules() -> RuleSet {
    let receiver = "receivers: [{ name: hub, webhook: { url: 'https://hub.example/' } }]\nrules:\n";
    let mut text = receiver.to_owned();
    for fields in RULES {
        text += "  - { ";
        text += fields;
        text += ", owner: o, runbook: partner-5xx, by: [partner], notify: [hub] }\n";
    }
    let env = |_: &str| Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    RuleSet::parse(&text, &env, Path::new("/nowhere")).unwrap_or_else(|error| panic!("{error}"))
}

/// A minute of arrivals: items, how many of them are bad, and how long they take; nothing when left out.
type Minute = Option<(u8, u8, u16)>;

fn cell(minute: (u8, u8, u16), at: TimestampMs) -> Cell {
    let (all, bad, latency_ms) = minute;
    let mut cell = Cell::default();
    for item in 0..all {
        let outcome = if item < bad { Outcome::Status5xx } else { Outcome::Status2xx };
        let slow = if item < bad { 3.0 } else { 1.0 };
        cell.record(outcome, Some(slow * f64::from(latency_ms) / 1e3), at);
    }
    cell
}

fn assert_agrees(rule: &Rule, reading: &Reading) {
    let Reading::Measured(evidence, comparison) = reading else { return };
    let context = format!("{}: {evidence:?} {comparison:?}", rule.name);
    assert_eq!(evidence.reached.is_some(), comparison.holds(), "{context}");
    assert_eq!(evidence.gate == Gate::Passed, comparison.holds(), "{context}");
    let is_beyond = if rule.fires_below() {
        evidence.value < evidence.threshold
    } else {
        evidence.value > evidence.threshold
    };
    let is_latency = matches!(rule.signal, Signal::Latency { .. });
    match evidence.gate {
        // The level is the lowest value that a quantile above it may have.
        Gate::Passed | Gate::Uncertain | Gate::Unproven => {
            assert!(is_beyond || is_latency && evidence.value >= evidence.threshold, "{context}");
        }
        Gate::BelowThreshold => assert!(!is_beyond, "{context}"),
        Gate::TooFew => assert!(evidence.count < rule.min_count, "{context}"),
    }
    if evidence.gate == Gate::Uncertain {
        assert!(!comparison.is_beyond(), "{context}");
    }
    if evidence.gate == Gate::Unproven {
        assert!(comparison.is_beyond() && comparison.unmet.is_some(), "{context}");
    }
    let lowest = rule.thresholds().map(|(_, threshold)| threshold).fold(f64::INFINITY, f64::min);
    assert!(rule.baseline.is_some() || evidence.threshold >= lowest, "{context}");
}

fn check(rules: &RuleSet, minutes: &[Minute]) {
    let (calendar, width) = (Calendar::new(rules), SlotWidth::DEFAULT);
    for rule in &rules.rules {
        let mut needs = SensorNeeds::default();
        needs.add(rule);
        let mut sensor = Sensor::new(rule, &needs, width);
        for (minute, arrivals) in (10_000_000..).zip(minutes) {
            let slot = Slot(u32::try_from(minute * 6_i64 + 5).unwrap());
            let end = SlotEnd::new(slot, width);
            if let Some(arrivals) = *arrivals {
                let value = if matches!(rule.signal, Signal::Gauge { .. }) {
                    SlotValue::Gauge(GaugeCell::new(f64::from(arrivals.0), end.at))
                } else {
                    SlotValue::Activity(cell(arrivals, end.at.plus_ms(-1)))
                };
                let incoming = IncomingCell {
                    step_ms: 10_000,
                    slot,
                    width,
                    value: &value,
                    evaluated_minute: minute - 1,
                };
                let baseline = sensor.baseline();
                sensor.add(rule, &needs, &incoming, baseline);
            }
            let open =
                rule.threshold(Severity::Warning).map_or(Severity::Critical, |_| Severity::Warning);
            let detection = Detection { window_min: 5, scale: 1.0 };
            for open in [None, Some((open, detection)), Some((Severity::Critical, detection))] {
                let context = SensorContext {
                    rule,
                    days: calendar.of(None),
                    end,
                    open,
                    resolved_minute: NEVER,
                    has_heartbeats: false,
                    at_rest: false,
                    baseline: sensor.baseline(),
                };
                assert_agrees(rule, &sensor.evaluate(&context, &needs).0);
                assert_agrees(rule, &sensor.compute_evidence(&context, &needs));
            }
        }
    }
}

/// Minutes in stretches of like arrivals, so that windows fill up.
fn stretches() -> impl Strategy<Value = Vec<Minute>> {
    let stretch =
        (1_usize..90, proptest::option::weighted(0.9, (0_u8..60, 0_u8..60, 50_u16..2_000)));
    proptest::collection::vec(stretch, 1..7).prop_map(|stretches| {
        let minutes = stretches.into_iter().flat_map(|(count, minute)| {
            (0..count).map(move |at| {
                minute.map(|(all, bad, ms)| (all, bad.min(all) * u8::from(at % 3 != 1), ms))
            })
        });
        minutes.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_severity_is_reached_exactly_when_what_was_compared_is_beyond_its_limit(minutes in stretches()) {
        check(&rules(), &minutes);
    }
}
