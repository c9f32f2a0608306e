//! Runs a driver under strace and reads what it did to its data directory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use plimsoll_storage::Durability;

use crate::disk::Recording;
use crate::plan::Plan;
use crate::trace;

/// The name of a durability on the command line.
#[must_use]
pub const fn name_of(durability: Durability) -> &'static str {
    match durability {
        Durability::Fsync => "fsync",
        Durability::Wal => "wal",
        Durability::Memory => "memory",
    }
}

/// Whether strace is there and may trace processes.
#[must_use]
pub fn can_trace() -> bool {
    let traced =
        Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    traced.is_ok_and(|status| status.success())
}

/// Runs all processes of a plan with the program `driver` in the directory `work`, which is empty.
///
/// # Errors
/// The driver fails, or its trace cannot be read.
pub fn record(
    driver: &Path,
    plan: &Plan,
    durability: Durability,
    work: &Path,
) -> Result<Recording, String> {
    let (data, marks) = (work.join("data"), work.join("marks"));
    for process in 0..plan.processes() {
        let part = work.join(format!("trace-{process}"));
        let status = Command::new("strace")
            .args([
                "-f",
                "-xx",
                "-s",
                "16777216",
                "--seccomp-bpf",
                "-qq",
                "-e",
                "signal=none",
                "-o",
            ])
            .arg(&part)
            .args(["-e", &format!("trace={}", trace::CALLS)])
            .arg(driver)
            .args(["drive", &plan.seed.to_string(), &process.to_string(), name_of(durability)])
            .args([&data, &marks])
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| format!("strace: {error}"))?;
        let aborts = process + 1 < plan.processes() && durability != Durability::Memory;
        if status.status.success() == aborts {
            let error = String::from_utf8_lossy(&status.stderr);
            return Err(format!("the driver of seed {} fails: {error}", plan.seed));
        }
    }
    let mut text = String::new();
    for process in 0..plan.processes() {
        let part = fs::read_to_string(work.join(format!("trace-{process}")));
        text += &part.map_err(|error| error.to_string())?;
    }
    let path = |path: &Path| path.to_str().map(str::to_owned).ok_or("a path is not UTF-8");
    Ok(Recording::new(trace::parse(&text)?, &path(&data)?, &path(&marks)?))
}
