//! The real binary is killed at any moment, half of the time while it seals, downsamples, compacts, backs up,
//! restores or starts. What was acknowledged is there once, after each start.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use plimsoll_tests::{ManualClock, Server, binary};
use serde_json::json;
use tokio::sync::watch;

use super::traffic::{Lane, Shared, push_during};
use super::{DAY_MS, text};

/// What the process does when it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Load,
    Seal,
    Downsample,
    Compact,
    Backup,
    Restore,
    Start,
}

/// Each one in as many kills of fourteen.
const MOMENTS: [(Moment, u8); 7] = [
    (Moment::Load, 7),
    (Moment::Seal, 2),
    (Moment::Downsample, 1),
    (Moment::Compact, 1),
    (Moment::Backup, 1),
    (Moment::Restore, 1),
    (Moment::Start, 1),
];

/// A campaign on one data directory.
struct Campaign<'a> {
    work: &'a Path,
    clock: ManualClock,
    now_ms: Arc<AtomicI64>,
    lanes: Vec<Lane>,
    random: Rng,
    stop: (watch::Sender<bool>, watch::Receiver<bool>),
}

/// Kills a server `kills` times. Returns how many pushes were acknowledged.
///
/// # Errors
/// What is wrong, and after which kill.
pub async fn campaign(seed: u64, kills: u64, work: &Path) -> Result<u64, String> {
    let clock = ManualClock::new(work);
    let now_ms = Arc::new(AtomicI64::new(clock.now_ms()));
    let (random, stop) = (Rng::with_seed(seed), watch::channel(false));
    let mut campaign = Campaign { work, clock, now_ms, lanes: Lane::all(seed), random, stop };
    let data = work.join("data");
    let mut server = super::start(&data, Some(&campaign.clock)).await;
    let mut pushes = 0;
    for number in 0..kills {
        let moment = campaign.moment();
        let name = format!("seed {seed}, kill {number}, {moment:?}");
        let (accepted, killed) = campaign.kill(moment, server, number).await;
        killed.map_err(|why| format!("{name}: {why}"))?;
        pushes += accepted;
        server = super::start(&data, Some(&campaign.clock)).await;
        let now = campaign.now_ms.load(Ordering::Relaxed);
        let checked = super::check_totals(server.api(), now, &campaign.lanes).await;
        checked.map_err(|why| format!("{name}: {why}\n{}", server.log()))?;
    }
    drop(server);
    Ok(pushes)
}

impl Campaign<'_> {
    fn moment(&mut self) -> Moment {
        let all: u8 = MOMENTS.iter().map(|(_, share)| share).sum();
        let mut drawn = self.random.u8(..all);
        for (moment, share) in MOMENTS {
            if drawn < share {
                return moment;
            }
            drawn -= share;
        }
        Moment::Load
    }

    /// Lets pushes go on, and kills the server. Returns how many pushes were acknowledged.
    async fn kill(
        &mut self,
        moment: Moment,
        server: Server,
        number: u64,
    ) -> (u64, Result<(), String>) {
        let shared = Shared {
            api: server.api().clone(),
            now_ms: Arc::clone(&self.now_ms),
            stop: self.stop.1.clone(),
            accepted: Arc::default(),
            refused: Arc::<AtomicU64>::default(),
        };
        let mut random = self.random.fork();
        let (clock, now_ms, work) = (self.clock.clone(), Arc::clone(&self.now_ms), self.work);
        let pass = |ms: i64| {
            clock.set_ms(clock.now_ms() + ms);
            now_ms.store(clock.now_ms(), Ordering::Relaxed);
        };
        let wait = |ms: u64| tokio::time::sleep(Duration::from_millis(ms));
        let to = work.join(format!("backup-{number}"));
        let during = async {
            pass(random.i64(1_000..60_000));
            wait(random.u64(20..200)).await;
            match moment {
                // Sealing is due at an age, and looked at once a second.
                Moment::Seal => {
                    pass(6 * 60_000);
                    wait(random.u64(..1_100)).await;
                }
                Moment::Downsample => {
                    pass(DAY_MS);
                    wait(random.u64(..1_500)).await;
                }
                // An idle store compacts within some seconds after it was sealed.
                Moment::Compact => {
                    pass(6 * 60_000);
                    wait(random.u64(1_000..6_500)).await;
                }
                Moment::Backup => {
                    let request = server.api().request("POST", "/api/v1/backups");
                    let request = request.json(&json!({ "to": text(&to) }));
                    let sent = tokio::spawn(plimsoll_tests::api::send(request));
                    wait(random.u64(..120)).await;
                    sent.abort();
                }
                Moment::Load | Moment::Restore | Moment::Start => {}
            }
            server.kill();
            Ok(())
        };
        let result = push_during(&mut self.lanes, &shared, &self.stop.0, during).await;
        let result = match (result, moment) {
            (Ok(()), Moment::Start) => self.kill_start(),
            (Ok(()), Moment::Restore) => self.kill_restore(&to).await,
            (Ok(()), Moment::Backup) => self.check_backup(&to).await,
            (other, _) => other,
        };
        (shared.accepted.load(Ordering::Relaxed), result)
    }

    /// Kills a server while it starts.
    fn kill_start(&mut self) -> Result<(), String> {
        let data = self.work.join("data");
        let (name, file) = self.clock.env();
        let mut command = Command::new(binary::path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--retention", "1d", "--data-dir"]);
        let child = command.arg(&data).args(["--retention-1m", "3d"]).env(name, file);
        kill_after(child, self.random.u64(..400))
    }

    /// Backs the closed database up, kills a restore, and checks that nothing wrong is served from it.
    async fn kill_restore(&mut self, to: &Path) -> Result<(), String> {
        let (data, restored) = (self.work.join("data"), to.with_extension("restored"));
        run(&["backup", "--data-dir", text(&data), "--to", text(to)])?;
        let mut command = Command::new(binary::path());
        command.args(["restore", "--from", text(to), "--data-dir", text(&restored)]);
        kill_after(&mut command, self.random.u64(..150))?;
        // Either the restore was finished, or it can be repeated elsewhere.
        if !plimsoll_storage::is_database(&restored) {
            let _ = std::fs::remove_dir_all(&restored);
            run(&["restore", "--from", text(to), "--data-dir", text(&restored)])?;
        }
        let checked = self.check_copy(&restored).await;
        let _ = std::fs::remove_dir_all(to);
        checked
    }

    /// Checks a backup during which the server was killed, if it says that it is one.
    async fn check_backup(&mut self, to: &Path) -> Result<(), String> {
        let restored = to.with_extension("restored");
        if plimsoll_storage::is_database(to) {
            run(&["restore", "--from", text(to), "--data-dir", text(&restored)])?;
            let server = super::start(&restored, Some(&self.clock)).await;
            let now = self.now_ms.load(Ordering::Relaxed);
            // It holds what was acknowledged before it began, which is at most everything.
            let at_most = super::check_at_most(server.api(), now, &self.lanes).await;
            drop(server);
            at_most?;
        }
        let _ = std::fs::remove_dir_all(&restored);
        let _ = std::fs::remove_dir_all(to);
        Ok(())
    }

    async fn check_copy(&self, copy: &Path) -> Result<(), String> {
        let server = super::start(copy, Some(&self.clock)).await;
        let now = self.now_ms.load(Ordering::Relaxed);
        let checked = super::check_totals(server.api(), now, &self.lanes).await;
        drop(server);
        let _ = std::fs::remove_dir_all(copy);
        checked.map_err(|why| format!("in the copy: {why}"))
    }
}

fn kill_after(command: &mut Command, ms: u64) -> Result<(), String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child: Child = child.map_err(|error| error.to_string())?;
    std::thread::sleep(Duration::from_millis(ms));
    // It may have ended.
    let _ = child.kill();
    child.wait().map(drop).map_err(|error| error.to_string())
}

/// Runs a command that must succeed.
fn run(arguments: &[&str]) -> Result<(), String> {
    let output = binary::run(arguments);
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
