//! The real binary under faults: a few of each kind here, as many as wanted with `make torture`.

use plimsoll_faults::live::{can_attach, errors, kills};

const KILLS: u64 = 14;
const FAULTS: u64 = 5;

#[tokio::test(flavor = "multi_thread")]
async fn after_each_kill_every_acknowledged_item_is_there_once() {
    let work = tempfile::tempdir().expect("a folder for temporary files");
    let pushes = kills::campaign(1, KILLS, work.path()).await.expect("nothing is wrong");
    println!("{KILLS} kills, {pushes} pushes acknowledged");
    assert!(pushes > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_calls_are_said_and_all_works_again_when_they_succeed() {
    check_errors(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_to_open_files_is_said_and_all_works_again_when_it_succeeds() {
    // Seeds that four divides are for these.
    check_errors(4).await;
}

async fn check_errors(seed: u64) {
    if !can_attach() {
        println!(
            "SKIPPED: strace is missing or may not attach to a process (kernel.yama.ptrace_scope)"
        );
        return;
    }
    let work = tempfile::tempdir().expect("a folder for temporary files");
    let measured = errors::campaign(seed, FAULTS, work.path()).await.expect("nothing is wrong");
    println!("{measured:?}");
    assert_eq!(measured.faults, FAULTS);
}
