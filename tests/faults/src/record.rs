//! Runs a driver under strace and reads what it did to its data directory.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_storage::Durability;

use crate::disk::{Image, Recording};
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

/// A process that is traced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TracedProcess<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Its arguments.
    pub(crate) arguments: &'a [&'a OsStr],
    /// It ends itself with a signal.
    pub(crate) aborts: bool,
}

impl TracedProcess<'_> {
    /// Runs it to its end; the trace is in the file `trace` then.
    pub(crate) fn run(self, stdin: Stdio, trace: &Path) -> Result<(), String> {
        let ended = Command::new("strace")
            .args(["-f", "-xx", "-s", "16777216", "--seccomp-bpf", "-qq", "-e", "signal=none"])
            .args(["-e", &format!("trace={}", trace::CALLS), "-o"])
            .arg(trace)
            .arg(self.program)
            .args(self.arguments)
            .stdin(stdin)
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| format!("strace: {error}"))?;
        if ended.status.success() == self.aborts {
            let error = String::from_utf8_lossy(&ended.stderr);
            return Err(format!("the driver fails: {error}"));
        }
        Ok(())
    }
}

/// What traced processes did, one after the other, to the directory `data`, which held `image` before. They
/// wrote marks to the file `marks`.
pub(crate) fn read_traces(
    traces: &[PathBuf],
    image: &Image,
    (data, marks): (&Path, &Path),
) -> Result<Recording, String> {
    let mut text = String::new();
    for trace in traces {
        text += &fs::read_to_string(trace).map_err(|error| error.to_string())?;
    }
    let path = |path: &Path| path.to_str().map(str::to_owned).ok_or("a path is not UTF-8");
    Ok(Recording::new(image, trace::parse(&text)?, &path(data)?, &path(marks)?))
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
    let mut traces = Vec::new();
    for process in 0..plan.processes() {
        let trace = work.join(format!("trace-{process}"));
        let (seed, number) = (plan.seed.to_string(), process.to_string());
        let traced = TracedProcess {
            program: driver,
            arguments: &[
                "drive".as_ref(),
                seed.as_ref(),
                number.as_ref(),
                name_of(durability).as_ref(),
                data.as_ref(),
                marks.as_ref(),
            ],
            aborts: process + 1 < plan.processes() && durability != Durability::Memory,
        };
        traced.run(Stdio::null(), &trace).map_err(|why| format!("seed {seed}: {why}"))?;
        traces.push(trace);
    }
    read_traces(&traces, &Image::new(), (&data, &marks))
}
