//! Opens many connections that send nothing, and many that send a body a byte at a time, and measures how
//! long a push takes beside them.
//!
//! The server and this program need a limit on open files above the number of connections. The connections
//! come from several loopback addresses, because one address has at most 28,000 ports and may be limited.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use plimsoll_benches::Failure;
use plimsoll_benches::clock::now_ms;
use plimsoll_benches::http::{self, AsyncConnection};
use plimsoll_benches::process::{cpu_seconds, rss_mb};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{interval, sleep};

/// Connections of one loopback address.
const PER_ADDRESS: usize = 1_000;
/// Connections that are opened at once.
const AT_ONCE: usize = 200;
/// Between two bytes of a body.
const DRIP_EVERY: Duration = Duration::from_secs(1);
/// What a dripping client begins with.
const HEAD: &[u8] =
    b"POST /api/v1/push HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
    content-length: 100000\r\n\r\n";

/// Measure pushes beside idle and dripping connections
#[derive(Debug, Clone, Parser)]
struct Args {
    /// Where the server listens
    #[arg(long, default_value = "127.0.0.1:8585")]
    address: SocketAddr,
    /// Process id of the server, to measure its CPU time and memory
    #[arg(long)]
    pid: u32,
    /// Connections that send nothing after one request
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Connections that send a body a byte at a time; each is opened again when the server closes it
    #[arg(long, default_value_t = 2_000)]
    dripping: usize,
    /// Pushes per second
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// How long to push, in seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

/// How many connections are open, and how often one was closed by the server.
#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    closed: AtomicUsize,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args = Args::parse();
    println!("alone: {}", measure(&args).await?);
    let (idle, dripping) = (Arc::new(Counts::default()), Arc::new(Counts::default()));
    for number in 0..args.idle {
        tokio::spawn(stay_idle(args.address, number, Arc::clone(&idle)));
        wait_for(&idle, number).await;
    }
    for number in 0..args.dripping {
        tokio::spawn(drip(args.address, args.idle + number, Arc::clone(&dripping)));
        wait_for(&dripping, number).await;
    }
    wait_for(&dripping, args.dripping + AT_ONCE - 1).await;
    println!("beside: {}", measure(&args).await?);
    for (what, counts) in [("idle", idle), ("dripping", dripping)] {
        let (open, closed) = (&counts.open, &counts.closed);
        println!(
            "{what}: {} open, {} closed by the server",
            open.load(Ordering::Relaxed),
            closed.load(Ordering::Relaxed)
        );
    }
    Ok(())
}

/// Waits until few of the connections that were begun are not open yet, but not forever.
async fn wait_for(counts: &Counts, begun: usize) {
    for _ in 0..500 {
        let done = counts.open.load(Ordering::Relaxed) + counts.closed.load(Ordering::Relaxed);
        if begun < done + AT_ONCE {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// A connection from one of several loopback addresses.
async fn connect(to: SocketAddr, number: usize) -> std::io::Result<TcpStream> {
    let address = u8::try_from(2 + number / PER_ADDRESS).unwrap_or(u8::MAX);
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, address), 0)))?;
    socket.connect(to).await
}

/// Sends one request, and then nothing until the server closes the connection.
async fn stay_idle(to: SocketAddr, number: usize, counts: Arc<Counts>) {
    let Ok(mut stream) = connect(to, number).await else { return };
    if stream.write_all(&http::get("/livez")).await.is_err() {
        return;
    }
    counts.open.fetch_add(1, Ordering::Relaxed);
    let mut buffer = [0; 512];
    while stream.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {}
    counts.open.fetch_sub(1, Ordering::Relaxed);
    counts.closed.fetch_add(1, Ordering::Relaxed);
}

/// Sends a body a byte at a time, again and again.
async fn drip(to: SocketAddr, number: usize, counts: Arc<Counts>) {
    while let Ok(mut stream) = connect(to, number).await {
        counts.open.fetch_add(1, Ordering::Relaxed);
        if stream.write_all(HEAD).await.is_ok() {
            let (mut reader, mut writer) = stream.split();
            let mut answer = [0; 512];
            loop {
                tokio::select! {
                    _ = reader.read(&mut answer) => break,
                    () = sleep(DRIP_EVERY) => {}
                }
                if writer.write_all(b" ").await.is_err() {
                    break;
                }
            }
        }
        counts.open.fetch_sub(1, Ordering::Relaxed);
        counts.closed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Pushes at the rate for the time, and returns the times of the answers in words.
async fn measure(args: &Args) -> Result<String, Failure> {
    let mut connection = AsyncConnection::open(&args.address.to_string()).await?;
    let mut ticks = interval(Duration::from_secs(1) / args.rate);
    let (mut times_ms, start) = (Vec::new(), Instant::now());
    let cpu_before = cpu_seconds(args.pid)?;
    while start.elapsed() < Duration::from_secs(args.seconds) {
        ticks.tick().await;
        let event =
            json!({ "stream": "requests", "partner": "dhl", "at": now_ms(), "status": 200 });
        let body = json!({ "events": [event] }).to_string();
        let request =
            http::post("/api/v1/push", &["content-type: application/json"], body.as_bytes());
        let sent = Instant::now();
        connection.send(&request).await?;
        times_ms.push(sent.elapsed().as_secs_f64() * 1e3);
    }
    times_ms.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| times_ms[((times_ms.len() - 1) as f64 * share) as usize];
    let cpu = (cpu_seconds(args.pid)? - cpu_before) / start.elapsed().as_secs_f64();
    Ok(format!(
        "{} pushes, p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms; server {} MB, {:.0} % of a core",
        times_ms.len(),
        at(0.5),
        at(0.99),
        at(1.0),
        rss_mb(args.pid)?,
        cpu * 100.0
    ))
}
