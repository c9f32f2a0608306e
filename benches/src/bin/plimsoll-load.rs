//! Drives a running server: pushes events or summaries over many connections and prints pushes per second,
//! pushes per fsync, the time of an acknowledgement, and the CPU time and memory of the server.
//!
//! With `--slots` it pushes a history that ends now, each slot of each endpoint once. Without, it repeats a
//! few pushes of the last minute for some seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use mimalloc::MiMalloc;
use plimsoll_benches::clock::now_ms;
use plimsoll_benches::facts::{self, Endpoint};
use plimsoll_benches::http::{self, AsyncConnection};
use plimsoll_benches::process::{cpu_seconds, rss_mb};
use plimsoll_benches::{Failure, items};
use plimsoll_storage::TimestampMs;
use serde_json::{Value, json};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Different pushes of each connection: built before the measurement, then repeated.
const DIFFERENT: usize = 64;

/// Push test data to a running server and measure it
#[derive(Debug, Clone, Parser)]
struct Args {
    /// Where the server listens
    #[arg(long, default_value = "127.0.0.1:8585")]
    address: String,
    /// Connections that push at once; several numbers make several runs
    #[arg(long, value_delimiter = ',', default_value = "16")]
    connections: Vec<usize>,
    /// How long to push, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Items in a push
    #[arg(long, default_value_t = 100)]
    items: usize,
    /// Push summaries of a slot instead of single events
    #[arg(long)]
    summaries: bool,
    /// Push a history of this many slots up to now, once, instead of repeating pushes
    #[arg(long)]
    slots: Option<usize>,
    /// Width of a slot of the history, in seconds
    #[arg(long, default_value_t = 10)]
    step: i64,
    /// Partners; each has 20 endpoints
    #[arg(long, default_value_t = 200)]
    partners: usize,
    /// Pushes per second of all connections together; 0 for no limit
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Process id of the server, to measure its CPU time and memory
    #[arg(long)]
    pid: Option<u32>,
    /// Seed of the test data
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!(
        "{:>11} {:>10} {:>8} {:>9} {:>9} {:>12} {:>10} {:>10} {:>10} {:>8} {:>12} {:>6}",
        "connections",
        "items/push",
        "pushes",
        "pushes/s",
        "items/s",
        "pushes/fsync",
        "ack p50 ms",
        "ack p99 ms",
        "ack max ms",
        "CPU s",
        "items/CPU s",
        "MB"
    );
    for connections in args.connections.clone() {
        let load = Load::new(&args, connections);
        println!("{}", runtime.block_on(run(load))?);
    }
    Ok(())
}

/// What one run pushes.
#[derive(Debug)]
struct Load {
    args: Args,
    connections: usize,
    endpoints: Vec<Endpoint>,
    now: i64,
    /// Pushes of the history that are done or under way.
    taken: AtomicUsize,
}

impl Load {
    fn new(args: &Args, connections: usize) -> Arc<Self> {
        Arc::new(Self {
            args: args.clone(),
            connections,
            endpoints: facts::endpoints(args.partners, args.seed),
            now: now_ms(),
            taken: AtomicUsize::new(0),
        })
    }

    /// A few different pushes for one connection, each of different endpoints.
    fn recent(&self, connection: usize) -> Vec<Vec<u8>> {
        let seed = self.args.seed ^ (connection as u64) << 32;
        let mut random = fastrand::Rng::with_seed(seed);
        let count = self.args.items;
        let pushes = (0..DIFFERENT).map(|number| {
            let first = (connection * DIFFERENT + number) * count;
            let items = (first..first + count).map(|at| {
                let endpoint = &self.endpoints[at % self.endpoints.len()];
                let at = self.now - random.i64(0..60_000);
                if self.args.summaries {
                    let start = TimestampMs(at / 10_000 * 10_000);
                    items::summary(endpoint, start, 10, &mut random)
                } else {
                    items::event(endpoint, TimestampMs(at), &mut random)
                }
            });
            let list = if self.args.summaries { "summaries" } else { "events" };
            push(&json!({ list: items.collect::<Vec<_>>() }))
        });
        pushes.collect()
    }

    /// The next push of the history: some of the endpoints in one slot, oldest slots first.
    fn next_of_history(&self, slots: usize) -> Option<Vec<u8>> {
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        let shares: Vec<_> = self.endpoints.chunks(self.args.items).collect();
        let (slot, share) = (number / shares.len(), number % shares.len());
        if slot >= slots {
            return None;
        }
        let step_ms = self.args.step * 1_000;
        let start = TimestampMs((self.now / step_ms - (slots - slot) as i64) * step_ms);
        let mut random = fastrand::Rng::with_seed(self.args.seed ^ (number as u64) << 20);
        let items = shares[share]
            .iter()
            .map(|endpoint| items::summary(endpoint, start, self.args.step, &mut random));
        Some(push(&json!({ "summaries": items.collect::<Vec<_>>() })))
    }
}

/// The request that pushes a JSON body.
fn push(body: &Value) -> Vec<u8> {
    let headers = ["content-type: application/json"];
    http::post("/api/v1/push", &headers, body.to_string().as_bytes())
}

/// Pushes a load and returns its line of the table.
async fn run(load: Arc<Load>) -> Result<String, Failure> {
    let pid = load.args.pid;
    let cpu_before = pid.map(cpu_seconds).transpose()?;
    let before = journal_writes(&load.args.address).await?;
    let started = Instant::now();
    let pushers: Vec<_> = (0..load.connections)
        .map(|number| tokio::spawn(pusher(Arc::clone(&load), number)))
        .collect();
    let mut times = Vec::new();
    for pusher in pushers {
        times.extend(pusher.await??);
    }
    let seconds = started.elapsed().as_secs_f64();
    times.sort_unstable();
    let at_ms = |q: f64| {
        let time = times.get((q * (times.len() - 1) as f64) as usize);
        time.copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    let (appends, writes) = journal_writes(&load.args.address).await?;
    let per_fsync = (appends - before.0) / (writes - before.1);
    let (pushes, items) = (times.len(), times.len() * load.args.items.min(load.endpoints.len()));
    let cpu_s =
        pid.map(cpu_seconds).transpose()?.zip(cpu_before).map(|(after, before)| after - before);
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    Ok(format!(
        "{:>11} {:>10} {pushes:>8} {:>9.0} {:>9.0} {per_fsync:>12.1} \
         {:>10.2} {:>10.2} {:>10.2} {:>8} {:>12} {:>6}",
        load.connections,
        items / pushes.max(1),
        pushes as f64 / seconds,
        items as f64 / seconds,
        at_ms(0.5),
        at_ms(0.99),
        at_ms(1.0),
        or_dash(cpu_s.map(|cpu_s| format!("{cpu_s:.2}"))),
        or_dash(cpu_s.map(|cpu_s| format!("{:.0}", items as f64 / cpu_s))),
        or_dash(pid.map(rss_mb).transpose()?.map(|mb| mb.to_string())),
    ))
}

/// The number of pushes that the server has written to its journal, and of the writes it used.
async fn journal_writes(address: &str) -> Result<(f64, f64), Failure> {
    let text = AsyncConnection::open(address).await?.send(&http::get("/metrics")).await?;
    let metric = |name| http::metric(&text, name).ok_or_else(|| format!("{name} is missing"));
    Ok((metric("plimsoll_appends_total")?, metric("plimsoll_journal_writes_total")?))
}

/// Pushes until the history ends or the time is over. Returns the time of each acknowledgement since its push
/// was due.
async fn pusher(load: Arc<Load>, number: usize) -> Result<Vec<Duration>, Failure> {
    let args = &load.args;
    let mut connection = AsyncConnection::open(&args.address).await?;
    let recent = if args.slots.is_none() { load.recent(number) } else { Vec::new() };
    let mut recent = recent.into_iter().cycle();
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let pause = (args.rate > 0)
        .then(|| Duration::from_secs_f64(load.connections as f64 / args.rate as f64));
    let mut ticks = pause.map(tokio::time::interval);
    let mut times = Vec::new();
    loop {
        let due = match &mut ticks {
            Some(ticks) => Some(ticks.tick().await.into_std()),
            None => None,
        };
        let request = match args.slots {
            Some(slots) => load.next_of_history(slots),
            None => recent.next().filter(|_| Instant::now() < until),
        };
        let Some(request) = request else { return Ok(times) };
        let due = due.unwrap_or_else(Instant::now);
        connection.send(&request).await?;
        times.push(due.elapsed());
    }
}
