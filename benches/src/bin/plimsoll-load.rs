//! Drives a running server: pushes events or summaries over many connections and says how many per
//! second, how long an acknowledgement takes, and what that costs the server.

use std::time::{Duration, Instant};

use clap::Parser;
use plimsoll_benches::{
    facts::{self, Endpoint},
    process::{cpu_seconds, resident_mb},
};
use plimsoll_storage::TimestampMs;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Push a seeded load at a running server and measure it.
#[derive(Clone, Debug, Parser)]
struct Args {
    /// Where the server listens
    #[arg(long, default_value = "127.0.0.1:8585")]
    address: String,
    /// Connections that push side by side
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long to push, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Items in a push
    #[arg(long, default_value_t = 100)]
    items: usize,
    /// Push summaries of a slot instead of single events
    #[arg(long)]
    summaries: bool,
    /// Partners; each has 20 endpoints
    #[arg(long, default_value_t = 200)]
    partners: usize,
    /// Pushes per second in all; 0 for as many as there can be
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Process id of the server, to say what it costs
    #[arg(long)]
    pid: Option<u32>,
    /// Seed of the facts
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(args))
}

async fn run(args: Args) -> Result<(), Failure> {
    let endpoints = facts::endpoints(args.partners, args.seed);
    let cpu_before = args.pid.map(cpu_seconds).transpose()?;
    let started = Instant::now();
    let pushers: Vec<_> = (0..args.connections)
        .map(|number| {
            let requests = requests(&args, &endpoints, number);
            tokio::spawn(pusher(args.clone(), requests))
        })
        .collect();
    let mut times = Vec::new();
    for pusher in pushers {
        times.extend(pusher.await??);
    }
    let seconds = started.elapsed().as_secs_f64();
    times.sort_unstable();
    let at =
        |q: f64| times.get((q * (times.len() - 1) as f64) as usize).copied().unwrap_or_default();
    let items = (times.len() * args.items) as f64;
    println!(
        "connections {} items/push {} pushes {} | pushes/s {:.0} items/s {:.0} | ack p50 {:.2} ms p99 {:.2} ms max {:.2} ms",
        args.connections,
        args.items,
        times.len(),
        times.len() as f64 / seconds,
        items / seconds,
        at(0.5).as_secs_f64() * 1e3,
        at(0.99).as_secs_f64() * 1e3,
        at(1.0).as_secs_f64() * 1e3,
    );
    if let (Some(pid), Some(before)) = (args.pid, cpu_before) {
        let cpu = cpu_seconds(pid)? - before;
        println!(
            "server: {cpu:.2} CPU-seconds, {:.0} items per CPU-second, {} MB resident",
            items / cpu,
            resident_mb(pid)?
        );
    }
    Ok(())
}

/// Pushes until the time is over; returns how long each acknowledgement took.
async fn pusher(args: Args, requests: Vec<Vec<u8>>) -> Result<Vec<Duration>, Failure> {
    let mut connection = TcpStream::connect(&args.address).await?;
    connection.set_nodelay(true)?;
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let pause = (args.rate > 0)
        .then(|| Duration::from_secs_f64(args.connections as f64 / args.rate as f64));
    let mut ticks = pause.map(tokio::time::interval);
    let mut times = Vec::new();
    let mut answer = Vec::new();
    for request in requests.iter().cycle() {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        let sent = Instant::now();
        if sent >= until {
            break;
        }
        connection.write_all(request).await?;
        read_answer(&mut connection, &mut answer).await?;
        times.push(sent.elapsed());
    }
    Ok(times)
}

/// Reads one HTTP answer and insists on 200.
async fn read_answer(connection: &mut TcpStream, answer: &mut Vec<u8>) -> Result<(), Failure> {
    answer.clear();
    loop {
        if connection.read_buf(answer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        let text = String::from_utf8_lossy(answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap_or("0").parse()?;
        if body.len() >= length {
            return if head.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(text.into()) };
        }
    }
}

/// A few different pushes for one connection, each over its own share of the endpoints.
fn requests(args: &Args, endpoints: &[Endpoint], connection: usize) -> Vec<Vec<u8>> {
    const DIFFERENT: usize = 64;
    let mut random = fastrand::Rng::with_seed(args.seed ^ (connection as u64) << 32);
    let now = now_ms();
    (0..DIFFERENT)
        .map(|number| {
            let first = (connection * DIFFERENT + number) * args.items;
            let items = (first..first + args.items).map(|at| {
                let endpoint = &endpoints[at % endpoints.len()];
                if args.summaries { summary(endpoint, now, &mut random) } else { event(endpoint, now, &mut random) }
            });
            let list = if args.summaries { "summaries" } else { "events" };
            let body = json!({ list: items.collect::<Vec<_>>() }).to_string();
            let head = format!(
                "POST /api/v1/push HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            [head.into_bytes(), body.into_bytes()].concat()
        })
        .collect()
}

fn event(endpoint: &Endpoint, now: i64, random: &mut fastrand::Rng) -> serde_json::Value {
    let (outcome, seconds) = endpoint.request(random);
    json!({
        "stream": "requests", "partner": endpoint.partner, "operation": endpoint.operation,
        "environment": endpoint.environment, "site": endpoint.site,
        "at": now - random.i64(0..60_000), "outcome": outcome.as_str(),
        "latency_ms": (seconds * 1e6).round() / 1e3,
    })
}

fn summary(endpoint: &Endpoint, now: i64, random: &mut fastrand::Rng) -> serde_json::Value {
    let start = TimestampMs((now - random.i64(0..60_000)) / 10_000 * 10_000);
    let count = random.u64(4..14);
    facts::summary(endpoint, start, &endpoint.cell(count, start, random))
}

#[expect(clippy::disallowed_methods, reason = "a load generator pushes what happens now")]
fn now_ms() -> i64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_1970.map_or(0, |since| since.as_millis() as i64)
}
