//! After a kill or a power loss at any point, a store holds what it has acknowledged, exactly once, and
//! receivers get the notifications of a run without faults.

use std::fs;
use std::path::Path;

use plimsoll_faults::alerts::{Campaign, Driver, Receiver, Scenario};
use plimsoll_faults::campaign::{Case, check_case};
use plimsoll_faults::disk::Crash;
use plimsoll_faults::plan::Plan;
use plimsoll_faults::record::{can_trace, record};
use plimsoll_storage::Durability;

const SEED: u64 = 1;
const CASES: u64 = 160;
const ALERT_CASES: u64 = 14;
/// The crash after which the scenario goes on, to crash again so many times.
const FIRST_CRASH: u64 = 5;
const SECOND_CRASHES: u64 = 6;

fn check(durability: Durability, crashes: &[Crash]) {
    assert!(can_trace(), "strace is missing or may not trace: run scripts/setup.sh");
    let work = tempfile::tempdir().expect("a folder for temporary files");
    let plan = Plan::new(SEED);
    let driver = Path::new(env!("CARGO_BIN_EXE_plimsoll-faults"));
    let recording = record(driver, &plan, durability, work.path()).expect("a recording");
    let mut failed = Vec::new();
    for number in 0..CASES {
        let crash = crashes[number as usize % crashes.len()];
        let dir = work.path().join("crashed");
        failed
            .extend(check_case(&recording, &plan, durability, Case { crash, number }, &dir).err());
        fs::remove_dir_all(&dir).expect("removed");
    }
    println!("seed {SEED}: {CASES} crashes at {} changes", recording.len());
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn with_fsync_every_acknowledged_item_is_there_once_after_any_crash() {
    check(Durability::Fsync, &[Crash::Kill, Crash::PowerLoss]);
}

#[test]
fn with_wal_a_kill_loses_nothing_and_a_power_loss_the_newest_items() {
    check(Durability::Wal, &[Crash::Kill, Crash::PowerLoss]);
}

#[test]
fn with_memory_a_consistent_first_part_is_there_after_any_crash() {
    check(Durability::Memory, &[Crash::Kill, Crash::PowerLoss]);
}

fn check_alerts(seed: u64, durability: Durability) {
    assert!(can_trace(), "strace is missing or may not trace: run scripts/setup.sh");
    let work = tempfile::tempdir().expect("a folder for temporary files");
    let program = Path::new(env!("CARGO_BIN_EXE_plimsoll-faults"));
    let (scenario, receiver) = (Scenario::new(seed), Receiver::new().expect("a free port"));
    let driver = Driver { program, scenario: &scenario, durability, receiver: &receiver };
    let campaign = Campaign::record(driver, work.path()).expect("a recording");
    println!("{}", campaign.summary());
    let crash = |number: u64| if number.is_multiple_of(2) { Crash::Kill } else { Crash::PowerLoss };
    let case = |number| Case { crash: crash(number), number };
    let checked = (0..ALERT_CASES).map(|number| campaign.check(case(number)));
    let mut failed: Vec<String> = checked.filter_map(Result::err).collect();
    failed.extend(campaign.check_again(case(FIRST_CRASH), SECOND_CRASHES));
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn with_fsync_each_notification_arrives_as_without_a_crash() {
    check_alerts(1, Durability::Fsync);
}

#[test]
fn with_wal_each_notification_arrives_as_without_a_crash() {
    check_alerts(2, Durability::Wal);
}

#[test]
fn with_memory_notifications_arrive_again_from_the_state_that_is_left() {
    check_alerts(4, Durability::Memory);
}

#[test]
fn receivers_that_were_down_get_each_alert_as_a_whole_or_not_at_all() {
    check_alerts(7, Durability::Fsync);
}
