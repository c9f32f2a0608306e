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
use crate::clock::ManualClock;

/// A start replays the journal; a stop seals it. Both may wait for a busy disk.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a condition is checked.
const POLL: Duration = Duration::from_millis(20);
/// How long after its end a slot of a second is evaluated.
const GRACE_MS: i64 = 500;
/// The metric with the end of the last evaluated slot.
const EVALUATED_UNTIL: &str = "plimsoll_evaluated_until_seconds ";

/// A server under test. It is killed when dropped, and its log is shown when the test fails.
#[derive(Debug)]
pub struct Server {
    child: Child,
    api: Api,
    base: String,
    log: Arc<Mutex<String>>,
    clock: Option<ManualClock>,
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
        let args: Vec<&str> = ["--listen", "127.0.0.1:0"].iter().chain(args).copied().collect();
        Self::spawn(data_dir, &args, env).await
    }

    /// As [`Self::start`], at the address that the arguments name.
    ///
    /// # Panics
    /// The server ends, or is not ready in time.
    pub async fn start_at(data_dir: &Path, args: &[&str]) -> Self {
        Self::spawn(data_dir, args, &[]).await
    }

    async fn spawn(data_dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binary::path())
            .args(["serve", "--data-dir"])
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
        let server = Self { child, api: Api::new(&base), base, log, clock: None };
        server.wait_until_ready().await;
        server
    }

    /// As [`Self::start_with_env`], with a clock that the test moves.
    ///
    /// # Panics
    /// The server ends, or is not ready in time.
    pub async fn start_with_clock(
        data_dir: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        clock: &ManualClock,
    ) -> Self {
        let env = [env, &[clock.env()]].concat();
        let mut server = Self::start_with_env(data_dir, args, &env).await;
        server.clock = Some(clock.clone());
        server
    }

    /// Moves the clock to a time, and waits until all slots that have ended are evaluated and each delivery
    /// was attempted.
    ///
    /// # Panics
    /// The server has no clock to move, or does not get there in time.
    pub async fn move_to(&self, at_ms: i64) {
        let clock = self.clock.as_ref().expect("the server was started with a clock");
        // A slot is evaluated half a slot after its end; slots are a second or longer.
        clock.set_ms(at_ms + GRACE_MS);
        self.wait_until_evaluated(at_ms).await;
        self.wait_until_attempted().await;
    }

    /// Lets time pass: a second of the clock that the test moves, or a moment of the wall clock.
    ///
    /// # Panics
    /// As [`Self::move_to`].
    pub async fn pass_time(&self) {
        match &self.clock {
            Some(clock) => self.move_to(clock.now_ms() - GRACE_MS + 1_000).await,
            None => tokio::time::sleep(POLL).await,
        }
    }

    /// Waits until all slots up to a time are evaluated; for any time, until evaluation has begun.
    ///
    /// # Panics
    /// That does not happen in time.
    pub async fn wait_until_evaluated(&self, at_ms: i64) {
        let start = Instant::now();
        loop {
            let metrics = self.api.try_get("/metrics").await.text;
            let until = metrics.lines().find_map(|line| line.strip_prefix(EVALUATED_UNTIL));
            let until_s: i64 = until.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
            if until_s > 0 && until_s >= at_ms.div_euclid(1_000) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "evaluated until {until_s}:\n{}", self.log());
            tokio::time::sleep(POLL).await;
        }
    }

    /// A delivery that has failed waits for its next attempt, which is due at a later time.
    async fn wait_until_attempted(&self) {
        let start = Instant::now();
        loop {
            let waiting = self.api.get("/api/v1/deliveries?state=waiting&limit=1000").await;
            let waiting = waiting["deliveries"].as_array().expect("a list of deliveries");
            if waiting.iter().all(|delivery| delivery["attempts"] != 0) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{waiting:?}:\n{}", self.log());
            tokio::time::sleep(POLL).await;
        }
    }

    async fn wait_until_ready(&self) {
        let start = Instant::now();
        loop {
            let ready = api::send(self.api.request("GET", "/readyz")).await;
            if ready.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "the server is not ready:\n{}", self.log());
            tokio::time::sleep(POLL).await;
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
            thread::sleep(POLL);
        }
    }

    /// Sends SIGTERM and does not wait.
    ///
    /// # Panics
    /// There is no shell to send it with.
    pub fn signal_terminate(&self) {
        self.signal("TERM");
    }

    /// The process of the server.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    ///
    /// # Panics
    /// There is no shell to send it with.
    pub fn signal(&self, name: &str) {
        // The standard library can only kill; a shell has `kill` built in on every system.
        let command = format!("kill -{name} {}", self.id());
        let sent = Command::new("sh").args(["-c", &command]).status();
        assert!(sent.expect("a shell").success(), "the server is gone already");
    }

    /// Its peak memory so far, in bytes; `None` where the system does not report it.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
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
            let base = line.split_whitespace().find(|word| word.starts_with("http://"));
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
