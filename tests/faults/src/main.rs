//! `faults drive` is the process that a recording is made of; `faults torture SECONDS [SEED]` checks crashes
//! of new seeds until the time is over; `faults kills COUNT [SEED]` kills the real binary so many times;
//! `faults alerts SECONDS [SEED]` does so for evaluation and delivery;
//! `faults errors COUNT [SEED]` lets so many of its system calls fail;
//! `faults flips COUNT [SEED]` flips so many bits of files.

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use plimsoll_faults::alerts::{self, Campaign, Driver, Receiver, Scenario};
use plimsoll_faults::campaign::{Case, check_case};
use plimsoll_faults::disk::Crash;
use plimsoll_faults::driver::{Drive, drive};
use plimsoll_faults::flips;
use plimsoll_faults::live::{errors, kills};
use plimsoll_faults::plan::Plan;
use plimsoll_faults::record::{name_of, record};
use plimsoll_storage::Durability;

/// Crashes of each kind for each recording.
const CASES: u64 = 300;
/// Crashes of each recorded scenario of alerts.
const ALERT_CASES: u64 = 120;
/// The scenario goes on under strace after every so manyth of them, to crash again.
const CASES_PER_SECOND_CRASH: u64 = 20;
/// Crashes of each such continuation.
const SECOND_CRASHES: u64 = 20;
const DURABILITIES: [Durability; 3] = [Durability::Fsync, Durability::Wal, Durability::Memory];
/// Kills of one data directory.
const KILLS: u64 = 25;
/// Faults of one server.
const FAULTS: u64 = 20;
/// Flips of one recording.
const FLIPS: u64 = 250;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["drive", seed, process, durability, dir, marks] => {
            drive_one(seed, process, durability, dir, marks)
        }
        ["drive-alerts", seed, durability, dir, marks, end, late] => {
            drive_alerts(seed, durability, (Path::new(dir), Path::new(marks)), (end, late))
        }
        ["alerts", seconds] => torture_alerts(seconds, "1"),
        ["alerts", seconds, seed] => torture_alerts(seconds, seed),
        ["torture", seconds] => torture(seconds, "1"),
        ["torture", seconds, seed] => torture(seconds, seed),
        ["kills", count] => kills(count, "1"),
        ["kills", count, seed] => kills(count, seed),
        ["errors", count] => errors(count, "1"),
        ["errors", count, seed] => errors(count, seed),
        ["flips", count] => flips(count, "1"),
        ["flips", count, seed] => flips(count, seed),
        _ => Err("usage: faults torture SECONDS [SEED] | faults alerts SECONDS [SEED] | faults kills COUNT [SEED] | faults errors COUNT [SEED] | faults flips COUNT [SEED]".into()),
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
    let durability = durability_of(durability)?;
    let work = Drive { dir: Path::new(dir), marks: Path::new(marks), durability };
    drive(&Plan::new(number(seed)?), number(process)? as usize, work)
}

fn drive_alerts(
    seed: &str,
    durability: &str,
    files: (&Path, &Path),
    (end, late): (&str, &str),
) -> Result<(), String> {
    let scenario = Scenario::new(number(seed)?);
    let part = (number(end)? as usize, number(late)? as usize);
    alerts::drive(&scenario, durability_of(durability)?, files, part)
}

fn durability_of(name: &str) -> Result<Durability, String> {
    let found = DURABILITIES.into_iter().find(|it| name_of(*it) == name);
    found.ok_or_else(|| "the durability is fsync, wal or memory".into())
}

fn torture_alerts(seconds: &str, first_seed: &str) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(number(seconds)?);
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let (mut checked, mut failed, mut seed) = (0_u64, 0_u64, number(first_seed)?);
    while Instant::now() < deadline {
        for durability in DURABILITIES {
            let work = tempfile::tempdir().map_err(|error| error.to_string())?;
            let (scenario, receiver) = (Scenario::new(seed), Receiver::new());
            let receiver = receiver.map_err(|error| error.to_string())?;
            let driver =
                Driver { program: &program, scenario: &scenario, durability, receiver: &receiver };
            let campaign = Campaign::record(driver, work.path())?;
            for number in (0..ALERT_CASES).take_while(|_| Instant::now() < deadline) {
                let crash = if number % 2 == 0 { Crash::Kill } else { Crash::PowerLoss };
                let case = Case { crash, number };
                let mut wrong: Vec<String> = campaign.check(case).err().into_iter().collect();
                checked += 1;
                if number % CASES_PER_SECOND_CRASH == 0 {
                    wrong.extend(campaign.check_again(case, SECOND_CRASHES));
                    checked += SECOND_CRASHES;
                }
                failed += wrong.len() as u64;
                wrong.iter().for_each(|why| println!("{why}"));
            }
            println!("{}: {checked} crashes checked in all, {failed} failed", campaign.summary());
        }
        seed += 1;
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {checked} crashes failed")) }
}

fn torture(seconds: &str, first_seed: &str) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(number(seconds)?);
    let driver = env::current_exe().map_err(|error| error.to_string())?;
    let (mut checked, mut failed, mut seed) = (0_u64, 0_u64, number(first_seed)?);
    while Instant::now() < deadline {
        for durability in DURABILITIES {
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

fn kills(count: &str, first_seed: &str) -> Result<(), String> {
    let (mut left, mut seed, mut failed) = (number(count)?, number(first_seed)?, 0);
    while left > 0 {
        let kills = left.min(KILLS);
        let (killed, took) = timed(|work| on_runtime(kills::campaign(seed, kills, work)))?;
        match killed {
            Ok(pushes) => println!(
                "seed {seed}: {kills} kills, {pushes} pushes acknowledged, each there once, {took:.0?}"
            ),
            Err(why) => {
                failed += 1;
                println!("{why}");
            }
        }
        (left, seed) = (left - kills, seed + 1);
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} campaigns failed")) }
}

fn errors(count: &str, first_seed: &str) -> Result<(), String> {
    let (mut left, mut seed, mut failed) = (number(count)?, number(first_seed)?, 0);
    let mut all = errors::Measured::default();
    while left > 0 {
        let faults = left.min(FAULTS);
        let (done, took) = timed(|work| on_runtime(errors::campaign(seed, faults, work)))?;
        match done {
            Ok(measured) => {
                all = all.and(measured);
                println!("seed {seed}: {measured:?}, {took:.0?}");
            }
            Err(why) => {
                failed += 1;
                println!("{why}");
            }
        }
        (left, seed) = (left - faults, seed + 1);
    }
    println!("in all: {all:?}");
    if failed == 0 { Ok(()) } else { Err(format!("{failed} campaigns failed")) }
}

fn flips(count: &str, first_seed: &str) -> Result<(), String> {
    let driver = env::current_exe().map_err(|error| error.to_string())?;
    let (mut left, mut seed, mut failed) = (number(count)?, number(first_seed)?, 0);
    while left > 0 {
        let (flips, plan) = (left.min(FLIPS), Plan::new(seed));
        let (checked, took) = timed(|work| {
            let recording = record(&driver, &plan, Durability::Fsync, work)?;
            flips::check_flips(&recording, &plan, flips, work)
        })?;
        match checked {
            Ok(outcomes) => println!("seed {seed}: {flips} flips, {outcomes:?}, {took:.0?}"),
            Err(why) => {
                failed += why.lines().count();
                println!("{why}");
            }
        }
        (left, seed) = (left - flips, seed + 1);
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} flips failed")) }
}

/// Runs something in a new folder, and measures how long it takes.
fn timed<T>(run: impl FnOnce(&Path) -> T) -> Result<(T, Duration), String> {
    let work = tempfile::tempdir().map_err(|error| error.to_string())?;
    let start = Instant::now();
    let done = run(work.path());
    Ok((done, start.elapsed()))
}

/// Runs a campaign to its end. A panic is a failure of it.
fn on_runtime<T>(campaign: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let run = std::panic::AssertUnwindSafe(|| runtime.block_on(campaign));
    std::panic::catch_unwind(run).unwrap_or_else(|_| Err("it panicked; see above".into()))
}
