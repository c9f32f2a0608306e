//! Many alerts for one receiver: critical ones are sent first, alerts that end before they are sent are
//! dropped, and memory does not grow with the outbox.

use std::process::Command;

use plimsoll_alerting::limits::SENDS_IN_FLIGHT_MAX;

use super::pagerduty_schema::assert_as_documented;
use super::receiver::Receiver;
use super::{evaluate, in_state};
use crate::world::{World, partner_5xx, rules, until};

const ALERTS: usize = 5_000;
const CRITICAL: usize = 120;
/// The default rate limit for PagerDuty: calls in any minute.
const CALLS_PER_MINUTE: usize = 100;

/// Memory of this process, in bytes; `None` where the system does not report it.
fn memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

/// Runs the storm in a process of its own: its memory is that of one test.
#[test]
fn five_thousand_alerts_stay_within_the_rate_limit_and_critical_ones_are_first() {
    let mut storm = Command::new(std::env::current_exe().unwrap());
    let args = ["--exact", "--ignored", "--nocapture", "delivery::storm::storm_of_five_thousand"];
    let output = storm.args(args).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    println!("{printed}");
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "another test runs it in a process of its own"]
async fn storm_of_five_thousand() {
    let receiver = Receiver::start(&[]);
    let rules = rules(&receiver.address, &partner_5xx("[oncall]"));
    let world = World::new();
    for partner in 0..ALERTS {
        let (good, bad) = if partner % (ALERTS / CRITICAL) == 0 { (5, 5) } else { (88, 12) };
        world.feed(&format!("partner-{partner:04}"), 0..4, good, bad);
    }
    evaluate(&world, &rules, 3);
    let waiting = in_state(&world, "waiting");
    assert!(waiting.len() >= 100);
    drop(waiting);
    let before = memory_bytes();
    let running = world.notifier(&rules);
    let mut by_minute = Vec::new();
    for minute in 1..=3 {
        until("the calls of a minute", || receiver.count() == minute * CALLS_PER_MINUTE).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        by_minute.push(receiver.count());
        // Nothing more is sent within the minute.
        world.set_now(world.now().plus_ms(59_000));
        running.waker.wake();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        assert_eq!(receiver.count(), minute * CALLS_PER_MINUTE);
        world.set_now(world.now().plus_ms(1_000));
        running.waker.wake();
    }
    until("the fourth minute", || receiver.count() == 4 * CALLS_PER_MINUTE).await;
    let grown = memory_bytes().zip(before).map(|(now, before)| now.saturating_sub(before) >> 20);
    println!("calls by minute {by_minute:?}, {ALERTS} alerts, memory grown by {grown:?} MiB");
    assert!(grown.is_none_or(|mebibytes| mebibytes < 48), "{grown:?} MiB");

    let severities: Vec<bool> =
        receiver.got().iter().map(|got| got.json()["payload"]["severity"] == "critical").collect();
    let critical = severities.iter().filter(|is_critical| **is_critical).count();
    assert!(critical >= CRITICAL, "{critical}");
    // Eight are in flight at once, and may arrive in any order.
    let first = &severities[..critical - SENDS_IN_FLIGHT_MAX];
    assert!(first.iter().all(|is_critical| *is_critical), "critical ones first");

    // Everything recovers before most are sent: those are dropped, and the others are resolved.
    evaluate(&world, &rules, 20);
    let started = std::time::Instant::now();
    while plimsoll_alerting::outbox::len(&world.store).unwrap() > 0 {
        assert!(started.elapsed().as_secs() < 600, "the outbox does not empty");
        world.set_now(world.now().plus_ms(60_000));
        running.waker.wake();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let dropped = running.control.receivers()["oncall"].coalesced as usize;
    running.stop().await;
    let got = receiver.got();
    got.iter().step_by(50).for_each(|got| assert_as_documented(&got.body));
    let resolves = got.iter().filter(|got| got.json()["event_action"] == "resolve").count();
    assert_eq!(got.len(), 2 * resolves, "every trigger has its resolve");
    assert_eq!(
        dropped,
        2 * (ALERTS - resolves),
        "and the other triggers and resolves were dropped"
    );
}
