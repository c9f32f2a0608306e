//! Fault drills on the real binary: history with one fault an hour is evaluated with the default pack as if
//! it happened now (`--evaluate-from`), and a PagerDuty on loopback gets the notifications. Each drill
//! states which notifications there are, when, and what they contain.
//!
//! All drills share one server. Each has its own partners and hour, so that none is grouped into the
//! notification of another. The days are the newest complete Saturday, Sunday and Monday; the week before
//! them is the baseline.

mod history;
mod notifications;

use plimsoll_tests::{ManualClock, Recorder, Server};
use tokio::sync::OnceCell;

use self::history::{Calls, History, Hour};
use self::notifications::{Notification, Notifications};

/// The start hours of the drills on the Monday.
const STORM: Hour = Hour(2);
const SLOW: Hour = Hour(3);
const NO_WEBHOOKS: Hour = Hour(4);
const AUTH: Hour = Hour(6);
const THROTTLED: Hour = Hour(7);
const ONE_OPERATION: Hour = Hour(8);
const ONE_SITE: Hour = Hour(10);
const ONE_RELEASE: Hour = Hour(12);
const FLAPPING: Hour = Hour(14);
const TWELVE: Hour = Hour(17);
const BLIP: Hour = Hour(19);
const MAINTENANCE: Hour = Hour(20);
const NIGHT: Hour = Hour(22);

const HOUR_MS: i64 = 3_600_000;
/// How long a fault lasts, in minutes.
const FAULT_MIN: i64 = 25;

fn during(hour: Hour, minutes: std::ops::Range<i64>, minute: i64) -> bool {
    (hour.minute() + minutes.start..hour.minute() + minutes.end).contains(&minute)
}

/// The data of all drills.
fn write(history: &mut History) {
    let fault = |hour: Hour, minute: i64| during(hour, 0..FAULT_MIN, minute);
    let calls = Calls::new;
    history.calls("storm", |m| calls(60).failing(if fault(STORM, m) { 40 } else { 0 }));
    history.calls("slow", |m| calls(60).taking(if fault(SLOW, m) { 3_000.0 } else { 120.0 }));
    history.calls("auth", |m| calls(60).rejected("401_403", if fault(AUTH, m) { 45 } else { 0 }));
    history.calls("throttled", |m| {
        calls(60).rejected("429", if fault(THROTTLED, m) { 40 } else { 0 })
    });
    // One failing part of many: of the partner as a whole 2 % fail.
    for (part, volume) in [("rates", 2_000), ("labels", 60)] {
        let fails = |m| part == "labels" && fault(ONE_OPERATION, m);
        let of = |m| calls(volume).failing(if fails(m) { 40 } else { 0 });
        history.calls_of("parcels", &[("operation", part)], of);
    }
    for (site, volume) in [("fra1", 2_000), ("ams1", 60)] {
        let fails = |m| site == "ams1" && fault(ONE_SITE, m);
        let of = |m| calls(volume).failing(if fails(m) { 40 } else { 0 });
        history.calls_of("sites", &[("site", site)], of);
    }
    // The new release takes over a thirtieth of the calls, and all of those fail.
    history.calls_of("canary", &[("release", "1.0")], |_| calls(2_000));
    history.calls_of("canary", &[("release", "1.1")], |m| {
        let runs = fault(ONE_RELEASE, m);
        calls(if runs { 60 } else { 0 }).failing(if runs { 40 } else { 0 })
    });
    history.calls("flapping", |m| {
        let fails = during(FLAPPING, 0..80, m) && m % 10 < 6;
        calls(60).failing(if fails { 40 } else { 0 })
    });
    for number in 1..=12 {
        history.calls(&format!("many{number:02}"), |m| {
            calls(60).failing(if fault(TWELVE, m) { 40 } else { 0 })
        });
    }
    history.calls("blip", |m| calls(60).failing(if during(BLIP, 0..1, m) { 60 } else { 0 }));
    history.calls("planned", |m| calls(60).failing(if fault(MAINTENANCE, m) { 60 } else { 0 }));
    history.calls("quiet", |m| {
        let night = during(NIGHT, 0..60, m);
        calls(if night { 0 } else { 30 })
    });
    history.calls(
        "quiet",
        |m| {
            if m == NIGHT.minute() + 30 { calls(3).failing(1) } else { calls(0) }
        },
    );
    // Thirty webhooks a minute at every hour; none at all for an hour.
    history.webhooks("hooks", |m| if during(NO_WEBHOOKS, 0..60, m) { 0 } else { 30 });
    // A shop for business: nothing on Saturday and Sunday, as every week.
    history.webhooks("b2b", |m| if history::is_weekend(m) { 0 } else { 30 });
}

const RULES: &str = r#"
receivers:
  - name: oncall
    pagerduty: { routing_key: 0123456789abcdef0123456789abcdef, url: "{url}" }
partners:
  - { name: storm, kind: carrier, contacts: ["ops@storm.example", "+49 30 1234"] }
maintenance:
  - { match: { partner: planned }, start: {start}, end: {end}, author: ann, reason: upgrade }
"#;

/// The notifications of all drills, collected once.
async fn notifications() -> &'static Notifications {
    static NOTIFICATIONS: OnceCell<Notifications> = OnceCell::const_new();
    NOTIFICATIONS.get_or_init(run).await
}

async fn run() -> Notifications {
    let dir = crate::common::data_dir();
    let data = dir.path().join("data");
    let history = {
        let server = Server::start(&data, &["--durability", "memory"]).await;
        let mut history = History::ending_before_now();
        write(&mut history);
        history.push_to(server.api()).await;
        assert!(server.terminate().success());
        history
    };
    let recorder = Recorder::start().await;
    let time = |minutes| history.time(MAINTENANCE.minute() + minutes);
    let text = RULES
        .replace("{url}", recorder.url())
        .replace("{start}", &time(-5))
        .replace("{end}", &time(FAULT_MIN + 5));
    let rules = dir.path().join("rules.yaml");
    std::fs::write(&rules, text).expect("a folder for temporary files");
    let from = history.time(history::SATURDAY_MIN);
    let rules = rules.to_str().expect("a plain name");
    let args = ["--allow-private-receivers", "--external-url", "https://plimsoll.example"];
    let args = [&args[..], &["--rules", rules, "--evaluate-from", &from]].concat();
    // An hour after the drills: what comes between them and the wall clock is not evaluated.
    let clock = ManualClock::new(dir.path());
    clock.set_ms(history.end_ms() + HOUR_MS);
    let server = Server::start_with_clock(&data, &args, &[], &clock).await;
    Notifications::gather(&server, &recorder, &history).await
}

/// The only notification about the partners of a drill: triggered within some minutes, and resolved.
fn only<'a>(
    notifications: &'a Notifications,
    who: &str,
    hour: Hour,
    minutes: std::ops::RangeInclusive<i64>,
) -> &'a Notification {
    let found: Vec<&Notification> = notifications.about(who).collect();
    let [notification] = found[..] else { panic!("{who}: {found:#?}") };
    let begin = notification.begin_min - hour.minute();
    assert!(
        minutes.contains(&begin),
        "{who} was notified after {begin} minutes: {notification:#?}"
    );
    assert!(notification.end_min.is_some(), "it is resolved: {notification:#?}");
    notification.is_complete();
    notification
}

#[tokio::test(flavor = "multi_thread")]
async fn many_5xx_are_one_notification() {
    let notification = only(notifications().await, "storm", STORM, 3..=5);
    assert!(
        notification.end_min.is_some_and(|end| (25..=42).contains(&(end - STORM.minute()))),
        "{notification:#?}"
    );
    assert_eq!(
        (notification.rule.as_str(), notification.severity.as_str()),
        ("partner-5xx", "critical")
    );
    notification.contains("storm: 5xx on 66.7% of requests (120 of 180 in 3m, limit 5%) since ");
    for text in [
        "https://plimsoll.example/partners/storm?from=",
        "https://plimsoll.example/runbooks/partner-5xx",
        "https://plimsoll.example/rules/partner-5xx?at=",
        "ops@storm.example",
        "+49 30 1234",
        "Is it still going on, and since when?",
    ] {
        notification.contains(text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn high_latency_is_one_notification() {
    let notification = only(notifications().await, "slow", SLOW, 3..=5);
    assert_eq!(notification.rule, "partner-latency");
    notification.contains("slow: slow requests, p95 ");
    notification.contains("(limit 1s; ");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_stop_are_one_notification() {
    let notification = only(notifications().await, "hooks", NO_WEBHOOKS, 3..=15);
    assert_eq!(notification.rule, "partner-drop");
    notification.contains("hooks: webhooks at ");
    notification.contains(", limit 60% of usual) since ");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_401_are_one_notification() {
    let notification = only(notifications().await, "auth", AUTH, 3..=5);
    assert_eq!(notification.rule, "partner-auth");
    notification.contains("auth: 401/403 on 75% of requests (135 of 180 in 3m, limit 5%)");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_429_are_one_notification() {
    let notification = only(notifications().await, "throttled", THROTTLED, 3..=5);
    assert_eq!(notification.rule, "partner-rate-limit");
    notification.contains("throttled: 429 on 66.7% of requests (120 of 180 in 3m, limit 10%)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_one_operation_site_or_release_is_found() {
    for (who, part, hour) in [
        ("parcels", "parcels labels", ONE_OPERATION),
        ("sites", "sites at ams1", ONE_SITE),
        ("canary", "canary, release 1.1", ONE_RELEASE),
    ] {
        let notification = only(notifications().await, who, hour, 3..=5);
        assert_eq!(notification.rule, "partner-5xx");
        notification
            .contains(&format!("{part}: 5xx on 66.7% of requests (120 of 180 in 3m, limit 5%)"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_partners_at_once_are_one_notification() {
    let notification = only(notifications().await, "many", TWELVE, 3..=5);
    notification.contains("12 partners: 5xx on ");
    for number in 2..=12 {
        notification.contains(&format!("many{number:02}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flapping_is_one_notification() {
    let notification = only(notifications().await, "flapping", FLAPPING, 3..=5);
    let end = notification.end_min.expect("it ended") - FLAPPING.minute();
    assert!((76..=100).contains(&end), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blip_a_failure_at_night_a_silent_weekend_and_maintenance_notify_nobody() {
    let notifications = notifications().await;
    for who in ["blip", "quiet", "b2b", "planned"] {
        assert_eq!(
            notifications.about(who).count(),
            0,
            "{who}: {:#?}",
            notifications.about(who).collect::<Vec<_>>()
        );
    }
    // The announced maintenance does not even fire a rule.
    assert_eq!(
        notifications.count(),
        10,
        "no notification beside those of the drills: {notifications:#?}"
    );
}
