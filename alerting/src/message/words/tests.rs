use super::*;
use crate::message::fault::Tally;
use crate::message::fault::onset::Onset;
use crate::rule::OnNoData;
use crate::testing::{alert, rule};

fn part(label: Label, value: &str, here: (u64, u64), elsewhere: (u64, u64)) -> Part {
    let tally = |(bad, all)| Tally { bad, all };
    Part { label, values: vec![value.to_owned()], here: tally(here), elsewhere: tally(elsewhere) }
}

fn fault() -> Fault {
    Fault {
        onset: Some(Onset {
            at: alert().pending_at.plus_ms(-120_000),
            within_ms: 10_000,
            share_before: 0.0,
        }),
        parts: vec![
            part(Label::Operation, "create_label", (41, 132), (1, 600)),
            part(Label::Site, "ams1", (41, 132), (0, 0)),
            part(Label::Release, "2.4.1", (41, 132), (0, 0)),
        ],
        span_ms: 600_000,
        tally: Tally { bad: 41, all: 132 },
        classes: vec![(Outcome::Status5xx, 38), (Outcome::Timeout, 3)],
        quantile_s: None,
    }
}

fn headline(signal: Signal, change: impl Fn(&mut Alert)) -> String {
    let rule = Rule { signal, on_no_data: OnNoData::Ok, ..rule("r") };
    let mut alert = Alert { signal: rule.signal.kind(), ..alert() };
    change(&mut alert);
    let fault = if alert.signal == SignalKind::Ratio { fault() } else { Fault::default() };
    let at = alert.fired_at;
    Case { alert: &alert, rule: Some(&rule), fault: &fault, at }.headline(None)
}

fn valued(value: f64, threshold: f64) -> impl Fn(&mut Alert) {
    move |alert| {
        (alert.latest.value, alert.latest.threshold) = (value, threshold);
    }
}

#[test]
fn every_cause_reads_as_a_sentence() {
    let stream = || "requests".to_owned();
    let of = vec![Outcome::Status5xx, Outcome::Timeout];
    let ratio = Signal::Ratio { of: of.clone(), to: None, stream: stream() };
    assert_eq!(
        headline(ratio, |_| {}),
        "dhl create_label at ams1, release 2.4.1: 5xx on 31.1% of requests (41 of 132 in 10m, limit 5%) \
         since 19:58 UTC"
    );
    let table = [
        (
            Signal::Latency { q: 0.95, stream: stream() },
            (2.4, 1.0),
            "dhl: slow requests, p95 2.4s (limit 1s; 320 in 5m) since 20:00 UTC",
        ),
        (
            Signal::Freshness { stream: "tracking".into() },
            (2_700.0, 1_800.0),
            "dhl: no tracking for 45m (limit 30m) since 20:00 UTC",
        ),
        (
            Signal::Absence { stream: stream() },
            (11_000.0, 10_800.0),
            "dhl: nothing was reported of requests for 3h 3m (limit 3h) since 20:00 UTC",
        ),
        (
            Signal::Drop { stream: "webhooks".into(), on_holiday: 0.0 },
            (0.2, 0.6),
            "dhl: webhooks at 20% of usual (320 in 5m, limit 60% of usual) since 20:00 UTC",
        ),
        (
            Signal::Gauge {
                name: "queue_depth".into(),
                below: false,
                forecast_ms: None,
                is_percent: false,
            },
            (120.0, 100.0),
            "dhl: queue_depth at 120 (limit 100) since 20:00 UTC",
        ),
        (
            Signal::Gauge {
                name: "disk".into(),
                below: false,
                forecast_ms: Some(7_200_000),
                is_percent: false,
            },
            (120.0, 100.0),
            "dhl: disk will be at 120 in 2h (limit 100) since 20:00 UTC",
        ),
        (
            Signal::Run { stream: "nightly".into() },
            (93_600.0, 90_000.0),
            "dhl: no successful run of nightly for 1d 2h (limit 1d 1h) since 20:00 UTC",
        ),
        (
            Signal::Burn { of, stream: stream(), objective: 0.99 },
            (15.0, 14.4),
            "dhl: 5xx and timeouts on requests use the error budget 15x as fast as allowed (limit 14.4x) since \
             20:00 UTC",
        ),
    ];
    for (signal, (value, threshold), expected) in table {
        let text = headline(signal, valued(value, threshold));
        assert_eq!(text, expected);
        assert!(text.chars().count() <= 200, "{text}");
    }
}

#[test]
fn a_stream_that_never_came_says_since_when_it_is_expected() {
    let signal = Signal::Freshness { stream: "tracking".into() };
    let text = headline(signal, |alert| {
        (alert.latest.value, alert.latest.count, alert.latest.threshold) = (2_700.0, 0, 1_800.0);
    });
    assert_eq!(text, "dhl: no tracking has ever come (limit 30m), expected since 20:00 UTC");
}

#[test]
fn an_end_says_why_and_how_long_and_how_bad() {
    let of = vec![Outcome::Status5xx, Outcome::Timeout];
    let ratio = || Signal::Ratio { of: of.clone(), to: None, stream: "requests".into() };
    let table = [
        (StateReason::ClearedFor, ("back to normal", "")),
        (StateReason::ClearedWithoutData, ("ended", ", because no data came any more")),
        (StateReason::RuleRemoved, ("no longer watched", ", because its rule was removed")),
        (StateReason::RuleChanged, ("no longer watched", ", because its rule was changed")),
        (
            StateReason::OutsideHours,
            ("no longer watched", ", because the hours of its rule are over"),
        ),
    ];
    for (reason, (words, why)) in table {
        let text = headline(ratio(), |alert| {
            alert.resolved_at = Some(alert.pending_at.plus_ms(2_400_000));
            alert.resolved_because = Some(reason);
        });
        let expected = format!(
            "dhl create_label at ams1, release 2.4.1: 5xx on requests {words} after 42m{why} (worst 12.5%; \
             41 of 132 in 10m)"
        );
        assert_eq!(text, expected);
    }
}

#[test]
fn partners_that_fail_together_are_named_with_what_they_share() {
    let (alert, rule) = (alert(), rule("r"));
    let fault = Fault { parts: vec![part(Label::Site, "ams1", (200, 400), (3, 900))], ..fault() };
    let case = Case { alert: &alert, rule: Some(&rule), fault: &fault, at: alert.fired_at };
    let partners = ["ups", "dhl", "gls"].map(str::to_owned).into();
    assert_eq!(
        case.headline(Some(&Together { partners: &partners, kind: Some("carrier") })),
        "3 carriers at ams1: 5xx on 31.1% of requests since 19:58 UTC: dhl, gls and ups; one site, look \
         there first"
    );
    let many: BTreeSet<String> = (0..20).map(|n| format!("p{n:02}")).collect();
    let together = Together { partners: &many, kind: None };
    assert_eq!(case.who(Some(&together)), "20 partners at ams1");
    let text = case.headline(Some(&together));
    assert!(
        text.starts_with("20 partners at ams1: ") && text.contains("p07 and 12 more"),
        "{text}"
    );
}

#[test]
fn a_place_is_a_line_for_each_label() {
    let lines = place(&fault().parts);
    assert_eq!(
        lines,
        [
            "operation create_label: 31.1% (41 of 132); elsewhere 0.167% (1 of 600)",
            "site ams1: all of it",
            "release 2.4.1: all of it",
        ]
    );
}

#[test]
fn a_time_has_its_date_on_another_day() {
    let at = alert().pending_at;
    assert_eq!(clock_time(at, at.plus_ms(3_600_000)), "20:00 UTC");
    assert_eq!(clock_time(at, at.plus_ms(5 * 3_600_000)), "2026-11-20 20:00 UTC");
}

#[test]
fn environments_other_than_production_are_named() {
    let labels = |environment: &str| {
        GroupLabels::new([
            (Label::Partner, "dhl".to_owned()),
            (Label::Environment, environment.to_owned()),
        ])
    };
    assert_eq!(subject(&labels("production"), &[]), "dhl");
    assert_eq!(subject(&labels("staging"), &[]), "dhl (staging)");
    assert_eq!(subject(&labels("sandbox"), &[]), "drill: dhl");
    assert_eq!(subject(&GroupLabels::default(), &[]), "");
}
