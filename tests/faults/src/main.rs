//! `faults drive` is the process that a recording is made of; `faults torture SECONDS [SEED]` checks crashes
//! of new seeds until the time is over.

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use plimsoll_faults::campaign::{Case, check_case};
use plimsoll_faults::disk::Crash;
use plimsoll_faults::driver::{Drive, drive};
use plimsoll_faults::plan::Plan;
use plimsoll_faults::record::{name_of, record};
use plimsoll_storage::Durability;

/// Crashes of each kind for each recording.
const CASES: u64 = 300;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["drive", seed, process, durability, dir, marks] => {
            drive_one(seed, process, durability, dir, marks)
        }
        ["torture", seconds] => torture(seconds, "1"),
        ["torture", seconds, seed] => torture(seconds, seed),
        _ => Err(
            "usage: faults drive SEED PROCESS DURABILITY DIR MARKS | faults torture SECONDS [SEED]"
                .into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("faults: {why}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn drive_one(
    seed: &str,
    process: &str,
    durability: &str,
    dir: &str,
    marks: &str,
) -> Result<(), String> {
    let all = [Durability::Fsync, Durability::Wal, Durability::Memory];
    let durability = all.into_iter().find(|it| name_of(*it) == durability);
    let durability = durability.ok_or("the durability is fsync, wal or memory")?;
    let work = Drive { dir: Path::new(dir), marks: Path::new(marks), durability };
    drive(&Plan::new(number(seed)?), number(process)? as usize, work)
}

fn torture(seconds: &str, first_seed: &str) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(number(seconds)?);
    let driver = env::current_exe().map_err(|error| error.to_string())?;
    let (mut checked, mut failed, mut seed) = (0_u64, 0_u64, number(first_seed)?);
    while Instant::now() < deadline {
        for durability in [Durability::Fsync, Durability::Wal, Durability::Memory] {
            let work = tempfile::tempdir().map_err(|error| error.to_string())?;
            let plan = Plan::new(seed);
            let recording = record(&driver, &plan, durability, work.path())?;
            for case in 0..CASES * 2 {
                if Instant::now() >= deadline {
                    break;
                }
                let crash = if case % 2 == 0 { Crash::Kill } else { Crash::PowerLoss };
                let dir = work.path().join("crashed");
                let result =
                    check_case(&recording, &plan, durability, Case { crash, number: case }, &dir);
                checked += 1;
                if let Err(why) = result {
                    failed += 1;
                    println!("{why}");
                }
                fs::remove_dir_all(&dir).map_err(|error| error.to_string())?;
            }
            println!("seed {seed}: {checked} crashes checked, {failed} failed");
        }
        seed += 1;
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {checked} crashes failed")) }
}
