//! A running server process.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::api::{self, Api};
use crate::binary;

/// A start replays the journal; a stop seals it. Both may wait for a busy disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server under test. It is killed when dropped, and its log is shown when the test fails.
#[derive(Debug)]
pub struct Server {
    child: Child,
    api: Api,
    base: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts the server on `data_dir` and a free port, and waits until it is ready.
    ///
    /// # Panics
    /// The server ends, or is not ready in time.
    pub async fn start(data_dir: &Path, args: &[&str]) -> Self {
        Self::start_with_env(data_dir, args, &[]).await
    }

    /// As [`Self::start`], with environment variables.
    ///
    /// # Panics
    /// The server ends, or is not ready in time.
    pub async fn start_with_env(data_dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary::path())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir)
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (found, base) = mpsc::channel();
        collect(child.stdout.take().expect("it is piped"), &log, Some(found));
        collect(child.stderr.take().expect("it is piped"), &log, None);
        let Ok(base) = base.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the server did not print its address:\n{}", text_of(&log));
        };
        let server = Self { child, api: Api::new(&base), base, log };
        server.wait_until_ready().await;
        server
    }

    async fn wait_until_ready(&self) {
        let start = Instant::now();
        loop {
            let ready = api::send(self.api.request("GET", "/readyz")).await;
            if ready.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "the server is not ready:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A client of this server.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Where the server listens, for example `http://127.0.0.1:40123`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// All it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        text_of(&self.log)
    }

    /// Ends it as a power cut would: no chance to write anything.
    ///
    /// # Panics
    /// The process cannot be ended.
    pub fn kill(mut self) {
        self.child.kill().expect("it is still running");
        self.child.wait().expect("it ends");
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal_terminate();
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of this process") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "SIGTERM did not end the server");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends SIGTERM and does not wait.
    ///
    /// # Panics
    /// There is no shell to send it with.
    pub fn signal_terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name.
    ///
    /// # Panics
    /// There is no shell to send it with.
    pub fn signal(&self, name: &str) {
        // The standard library can only kill; a shell has `kill` built in on every system.
        let command = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &command]).status();
        assert!(sent.expect("a shell").success(), "the server is gone already");
    }

    /// Its peak memory so far, in bytes; `None` where the system does not report it.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is just as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of the server at {}:\n{}---", self.base, self.log());
        }
    }
}

/// Reads an output of the child to its end, so that it never blocks on a full pipe.
fn collect(
    output: impl Read + Send + 'static,
    log: &Arc<Mutex<String>>,
    mut found: Option<mpsc::Sender<String>>,
) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let base = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:"));
            if line.contains("listening on")
                && let (Some(base), Some(found)) = (base, found.take())
            {
                let _ = found.send(base.to_owned());
            }
            let mut log = log.lock().expect("no reader panics");
            log.push_str(&line);
            log.push('\n');
        }
    });
}

fn text_of(log: &Mutex<String>) -> String {
    log.lock().expect("no reader panics").clone()
}
