//! Whichever bit of whichever file is flipped, every answer is right or the damage is named.

use std::path::Path;

use plimsoll_faults::flips::check_flips;
use plimsoll_faults::plan::Plan;
use plimsoll_faults::record::{can_trace, record};
use plimsoll_storage::Durability;

const SEED: u64 = 1;
const FLIPS: u64 = 80;

#[test]
fn a_flipped_bit_never_leads_to_a_wrong_answer_without_a_word() {
    assert!(can_trace(), "strace is missing or may not trace: run scripts/setup.sh");
    let work = tempfile::tempdir().expect("a folder for temporary files");
    let plan = Plan::new(SEED);
    let driver = Path::new(env!("CARGO_BIN_EXE_plimsoll-faults"));
    let recording = record(driver, &plan, Durability::Fsync, work.path()).expect("a recording");
    let outcomes = check_flips(&recording, &plan, FLIPS, work.path());
    println!("seed {SEED}: {:?}", outcomes.expect("no answer is wrong"));
}
