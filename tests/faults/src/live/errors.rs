//! System calls fail while pushes go on: the health of the server says so, and when they succeed again the
//! server accepts pushes again, without a restart. What was acknowledged is there once, and nothing of a push
//! that was answered with 503.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use plimsoll_tests::{ManualClock, Server, clock};
use tokio::sync::watch;

use super::inject::{FAULTS, Fault, Injection, OPEN_FAULTS};
use super::traffic::{Lane, Shared, push_during};

/// The health says that writes fail within this time, and everything works again within this time.
const PROMISED: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How far evaluation may be behind when the next fault begins.
const EVALUATED_LATE_MS: i64 = 60_000;
/// How long calls fail at least.
const FAILS_MS: std::ops::Range<u64> = 500..2_500;

/// What was measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Faults that were injected.
    pub faults: u64,
    /// Faults under which a push was answered with 503.
    pub refusing: u64,
    /// The longest time from the first such answer until the health said why.
    pub said_after: Duration,
    /// The longest time from the end of the fault until everything worked.
    pub worked_after: Duration,
}

/// Runs a server and lets its calls fail `faults` times.
///
/// # Errors
/// What is wrong, with what was injected.
pub async fn campaign(seed: u64, faults: u64, work: &Path) -> Result<Measured, String> {
    let mut random = Rng::with_seed(seed);
    // A server whose clock is a file cannot read it when no file can be opened.
    let manual = (!seed.is_multiple_of(4)).then(|| ManualClock::new(work));
    let data = work.join("data");
    let mut server = super::start(&data, manual.as_ref()).await;
    let mut lanes = Lane::all(seed);
    let (stop, stopped) = watch::channel(false);
    let now_ms = Arc::new(AtomicI64::new(clock::now_ms()));
    let mut measured = Measured::default();
    for number in 0..faults {
        let shared = Shared {
            api: server.api().clone(),
            now_ms: Arc::clone(&now_ms),
            stop: stopped.clone(),
            accepted: Arc::new(AtomicU64::new(0)),
            refused: Arc::new(AtomicU64::new(0)),
        };
        let fault = if manual.is_some() {
            FAULTS[random.usize(..FAULTS.len())]
        } else {
            OPEN_FAULTS[random.usize(..OPEN_FAULTS.len())]
        };
        let scene = Scene { fault, manual: manual.as_ref(), data: &data, work, server: &server };
        let during = scene.run(&shared, &mut random);
        let pushed = push_during(&mut lanes, &shared, &stop, during).await;
        let name = format!("seed {seed}, fault {number}, {fault:?}");
        let one = pushed.map_err(|why| format!("{name}: {why}\n{}", server.log()))?;
        measured = measured.and(one);
        for lane in &mut lanes {
            lane.finish(&shared).await.map_err(|why| format!("{name}: {why}"))?;
        }
        let now = now_ms.load(Ordering::Relaxed);
        // Time passes faster here than slots are evaluated on a busy machine.
        server.wait_until_evaluated(now - EVALUATED_LATE_MS).await;
        let live = super::check_totals(server.api(), now, &lanes).await;
        live.map_err(|why| format!("{name}: {why}\n{}", server.log()))?;
        if random.u8(..4) == 0 || number + 1 == faults {
            server.kill();
            server = super::start(&data, manual.as_ref()).await;
            let again = super::check_totals(server.api(), now, &lanes).await;
            again.map_err(|why| format!("{name}, after a kill: {why}"))?;
        }
    }
    drop(server);
    Ok(measured)
}

impl Measured {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            faults: self.faults + other.faults,
            refusing: self.refusing + other.refusing,
            said_after: self.said_after.max(other.said_after),
            worked_after: self.worked_after.max(other.worked_after),
        }
    }
}

/// One fault of a server.
struct Scene<'a> {
    fault: Fault,
    manual: Option<&'a ManualClock>,
    data: &'a Path,
    work: &'a Path,
    server: &'a Server,
}

impl Scene<'_> {
    async fn run(&self, shared: &Shared, random: &mut Rng) -> Result<Measured, String> {
        let injection = Injection::begin(self.fault, self.server.id(), self.data, self.work)?;
        let mut measured = Measured { faults: 1, ..Measured::default() };
        let begun = Instant::now();
        let fails_for = Duration::from_millis(random.u64(FAILS_MS));
        let mut refused_at = None;
        let mut is_said = false;
        // After five minutes the server seals. More time than that would leave it busy with evaluation.
        let seals_at = random.u32(..32);
        for look in 0_u32.. {
            self.pass_time(shared, if look == seals_at { 330_000 } else { 1_000 });
            tokio::time::sleep(LOOK_EVERY).await;
            let accepted = shared.accepted.swap(0, Ordering::Relaxed);
            if shared.refused.swap(0, Ordering::Relaxed) > 0 {
                refused_at.get_or_insert_with(Instant::now);
            } else if accepted > 0 && !is_said {
                refused_at = None;
            }
            if let (Some(at), false) = (refused_at, is_said) {
                let ready = self.server.api().try_get("/readyz").await;
                is_said = ready.status == 503 && ready.text.len() > 10;
                if is_said {
                    measured.said_after = at.elapsed();
                } else if at.elapsed() > PROMISED {
                    return Err(format!("pushes fail, and /readyz says {}", ready.text));
                }
            }
            if begun.elapsed() > fails_for && (is_said || refused_at.is_none()) {
                break;
            }
        }
        measured.refusing = u64::from(refused_at.is_some());
        injection.end();
        measured.worked_after = self.wait_until_all_works(shared).await?;
        Ok(measured)
    }

    async fn wait_until_all_works(&self, shared: &Shared) -> Result<Duration, String> {
        let ended = Instant::now();
        loop {
            shared.refused.store(0, Ordering::Relaxed);
            let accepted = shared.accepted.load(Ordering::Relaxed);
            tokio::time::sleep(LOOK_EVERY).await;
            let works = shared.accepted.load(Ordering::Relaxed) > accepted
                && shared.refused.load(Ordering::Relaxed) == 0;
            let ready = self.server.api().try_get("/readyz").await;
            if works && ready.status == 200 {
                return Ok(ended.elapsed());
            }
            if ended.elapsed() > PROMISED {
                return Err(format!("it does not work again: pushes {works}, {}", ready.text));
            }
            self.pass_time(shared, 1_000);
        }
    }

    /// Moves the clock of the server and the time of new events.
    fn pass_time(&self, shared: &Shared, ms: i64) {
        let now = match self.manual {
            Some(manual) => {
                manual.set_ms(manual.now_ms() + ms);
                manual.now_ms()
            }
            None => clock::now_ms(),
        };
        shared.now_ms.store(now, Ordering::Relaxed);
    }
}
