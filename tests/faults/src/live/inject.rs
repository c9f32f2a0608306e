//! Lets system calls of a running process fail, with strace.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// strace attaches to a process with many threads within this time.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// Which calls fail, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    /// The calls, as strace names them.
    pub(super) calls: &'static str,
    /// The error.
    pub(super) error: &'static str,
    /// Which calls of each thread: from the first one on, the first one, one in some.
    pub(super) when: &'static str,
    /// Only calls on the newest file of the write-ahead log. Other calls of this name reach sockets and the
    /// runtime's own files.
    pub(super) only_log: bool,
}

const fn fault(calls: &'static str, error: &'static str, when: &'static str) -> Fault {
    Fault { calls, error, when, only_log: false }
}

const fn log_fault(calls: &'static str, error: &'static str, when: &'static str) -> Fault {
    Fault { calls, error, when, only_log: true }
}

/// Faults of opening files. A process that reads its clock from a file cannot have them.
pub(super) const OPEN_FAULTS: [Fault; 7] = [
    fault("openat", "EMFILE", "1+"),
    fault("openat", "EMFILE", "1"),
    fault("openat", "EMFILE", "1+2"),
    fault("openat", "ENOSPC", "1+"),
    fault("openat", "EIO", "1+"),
    fault("openat", "EIO", "2+3"),
    fault("fsync,fdatasync,openat", "EIO", "1+"),
];

/// All other faults.
pub(super) const FAULTS: [Fault; 22] = [
    fault("fdatasync", "EIO", "1"),
    fault("fdatasync", "EIO", "1+"),
    fault("fdatasync", "EIO", "1+3"),
    fault("fdatasync", "ENOSPC", "1+"),
    fault("fdatasync", "ENOSPC", "2"),
    fault("fsync", "EIO", "1"),
    fault("fsync", "EIO", "1+"),
    fault("fsync,fdatasync", "EIO", "1+2"),
    fault("pwrite64", "EIO", "1+"),
    fault("pwrite64", "ENOSPC", "1+"),
    fault("rename", "EIO", "1"),
    fault("rename", "EIO", "1+"),
    fault("rename", "ENOSPC", "1+"),
    fault("unlink,unlinkat", "EIO", "1"),
    fault("unlink,unlinkat", "EIO", "1+"),
    fault("ftruncate,fallocate", "ENOSPC", "1+"),
    fault("mkdir", "ENOSPC", "1+"),
    log_fault("write", "EIO", "1"),
    log_fault("write", "EIO", "1+"),
    log_fault("write", "ENOSPC", "1+"),
    log_fault("write", "ENOSPC", "3+2"),
    log_fault("write,fdatasync", "EIO", "2+"),
];

/// Calls fail as long as this lives.
#[derive(Debug)]
pub(super) struct Injection {
    strace: Child,
    output: PathBuf,
}

impl Injection {
    /// Begins to let calls of a process fail. `work` is a folder for the messages of strace.
    ///
    /// # Errors
    /// strace is missing or may not trace this process.
    pub(super) fn begin(
        fault: Fault,
        process: u32,
        data: &Path,
        work: &Path,
    ) -> Result<Self, String> {
        let output = work.join("strace-messages");
        let messages = File::create(&output).map_err(|error| error.to_string())?;
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-p", &process.to_string()]);
        let Fault { calls, error, when, only_log } = fault;
        command.args(["-e", &format!("trace={calls}"), "-e", "signal=none"]);
        command.args(["-e", &format!("inject={calls}:error={error}:when={when}")]);
        if only_log {
            command.arg("-P").arg(newest_log(data).ok_or("there is no write-ahead log")?);
        }
        let strace = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(messages).spawn();
        let strace = strace.map_err(|error| format!("strace: {error}"))?;
        let mut injection = Self { strace, output };
        injection.wait_until_attached()?;
        Ok(injection)
    }

    fn wait_until_attached(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let messages = fs::read_to_string(&self.output).unwrap_or_default();
            if messages.contains(" attached") {
                return Ok(());
            }
            let has_ended = self.strace.try_wait().ok().flatten().is_some();
            if has_ended || start.elapsed() > PATIENCE {
                return Err(format!("strace does not attach: {messages}"));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Lets calls succeed again.
    pub(super) fn end(self) {
        drop(self);
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        // A tracer that ends by this signal detaches first.
        let command = format!("kill -TERM {}", self.strace.id());
        let _ = Command::new("sh").args(["-c", &command]).status();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.strace.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            std::thread::sleep(POLL);
        }
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

/// Whether strace is there and may attach to processes that run.
#[must_use]
pub fn can_attach() -> bool {
    let Ok(mut sleeping) = Command::new("sleep").arg("30").spawn() else { return false };
    let Ok(work) = tempfile::tempdir() else { return false };
    let fault = fault("fsync", "EIO", "1");
    let begun = Injection::begin(fault, sleeping.id(), work.path(), work.path());
    let can_attach = begun.is_ok();
    drop(begun);
    let _ = sleeping.kill();
    let _ = sleeping.wait();
    can_attach
}

fn newest_log(data: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(data).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.filter(|path| path.extension().is_some_and(|end| end == "log")).max()
}
