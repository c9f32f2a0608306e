//! Sends the same hour of test data and the same queries over HTTP to Plimsoll, VictoriaMetrics and
//! Prometheus. Peers that are not installed are skipped. Prints one table; `PEERS.md` has results.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Parser;
use plimsoll_benches::clock::now_ms;
use plimsoll_benches::facts::{self, Endpoint};
use plimsoll_benches::http::BlockingConnection;
use plimsoll_benches::peer::{Query, Server, Shape, StoreKind, accepted, bytes_below};
use plimsoll_benches::remote_write::{self, Counters, SAMPLES};
use plimsoll_benches::{Failure, items};
use plimsoll_storage::{Cell, TimestampMs};
use serde_json::json;

const SLOT_MS: i64 = 10_000;
/// Summaries in a push.
const PUSH_ITEMS: usize = 500;
/// Runs of a query, and the time they may take together.
const RUNS: usize = 300;
const RUNS_TIME: Duration = Duration::from_secs(20);
/// Runs before the measurement.
const WARM_UP: usize = 5;

/// Fill Plimsoll and its peers with an hour of test data and send them the same queries
#[derive(Debug, Parser)]
struct Args {
    /// Partners; each has 20 endpoints
    #[arg(long, default_value_t = 200)]
    partners: usize,
    /// Slots of 10 s, up to now. The queries are about one hour
    #[arg(long, default_value_t = 360)]
    slots: u32,
    /// Seed of the test data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds between writing and queries, for background work of the stores
    #[arg(long, default_value_t = 20)]
    pause: u64,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let end_ms = now_ms() / 60_000 * 60_000;
    println!(
        "{} endpoints, {} slots of 10 s, seed {}; {} cores",
        args.partners * 20,
        args.slots,
        args.seed,
        std::thread::available_parallelism()?
    );
    println!("\n{HEAD}");
    let mut shapes = Vec::new();
    for kind in StoreKind::ALL {
        match kind.program() {
            None => println!("| {} | not installed, skipped |", kind.name()),
            Some(program) => shapes.push((kind, run(&args, kind, &program, end_ms)?)),
        }
    }
    println!();
    for pair in shapes.windows(2) {
        let ((one, ours), (other, theirs)) = (&pair[0], &pair[1]);
        if ours == theirs {
            let points: Vec<_> = ours.iter().map(|shape| shape.points.to_string()).collect();
            let requests: f64 = ours.iter().map(|shape| shape.total).sum();
            let points = points.join(", ");
            println!(
                "{} and {} agree: {points} points, {requests} requests",
                one.name(),
                other.name()
            );
        } else {
            println!("{} and {} DIFFER: {ours:?} {theirs:?}", one.name(), other.name());
        }
    }
    Ok(())
}

/// The head of the table.
const HEAD: &str = "\
| store | CPU-s to write | every partner, 5 m: median / p99 ms | 1 h by 1 m: median / p99 ms \
| one partner, 5 m: median / p99 ms | empty request ms | CPU-ms a query: 5 m, 1 h, one \
| answer bytes: 5 m, 1 h, one | RSS MB | disk bytes per endpoint-slot |
|---|---|---|---|---|---|---|---|---|---|";

/// Fills and queries a store. Prints its line of the table and returns the shapes of its answers.
fn run(args: &Args, kind: StoreKind, program: &Path, end_ms: i64) -> Result<Vec<Shape>, Failure> {
    let folder = tempfile::tempdir()?;
    let data_dir = folder.path().join("data");
    std::fs::create_dir(&data_dir)?;
    let server = Server::start(kind, program, &data_dir)?;
    write(args, kind, &server, end_ms)?;
    let write_cpu_s = server.cpu_seconds()?;
    std::thread::sleep(Duration::from_secs(args.pause));
    let mut connection = server.connect()?;
    let empty = measure(&server, &mut connection, kind.ready_path())?;
    let mut measured = Vec::new();
    let mut shapes = Vec::new();
    for query in [Query::EveryPartner, Query::EveryPartnerByMinute, Query::OnePartner, Query::Total]
    {
        let path = kind.path(query, end_ms);
        let body = accepted(connection.get(&path)?)?;
        shapes.push(kind.shape(query, &body));
        if query != Query::Total {
            measured.push((measure(&server, &mut connection, &path)?, body.len()));
        }
    }
    let rss_mb = server.rss_mb()?;
    let disk = disk_bytes(kind, server, &mut connection, &data_dir)?;
    let slots = f64::from(args.slots) * (args.partners * 20) as f64;
    let each =
        |show: &dyn Fn(&(Measured, usize)) -> String| measured.iter().map(show).collect::<Vec<_>>();
    let times = each(&|(one, _)| format!("{:.2} / {:.2}", one.median_ms, one.p99_ms));
    println!(
        "| {} | {write_cpu_s:.1} | {} | {:.3} | {} | {} | {rss_mb} | {:.1} |",
        kind.name(),
        times.join(" | "),
        empty.median_ms,
        each(&|(one, _)| format!("{:.2}", one.cpu_ms)).join(", "),
        each(&|(_, bytes)| bytes.to_string()).join(", "),
        disk as f64 / slots,
    );
    Ok(shapes)
}

/// The time of a query, and the CPU time it costs the server.
struct Measured {
    median_ms: f64,
    p99_ms: f64,
    cpu_ms: f64,
}

fn measure(
    server: &Server,
    connection: &mut BlockingConnection,
    path: &str,
) -> Result<Measured, Failure> {
    for _ in 0..WARM_UP {
        connection.get(path)?;
    }
    let cpu_s = server.cpu_seconds()?;
    let started = Instant::now();
    let mut times = Vec::new();
    while times.len() < RUNS && started.elapsed() < RUNS_TIME {
        let sent = Instant::now();
        connection.get(path)?;
        times.push(sent.elapsed().as_secs_f64() * 1e3);
    }
    let cpu_ms = (server.cpu_seconds()? - cpu_s) * 1e3 / times.len() as f64;
    times.sort_by(f64::total_cmp);
    let at = |q: f64| times[(q * (times.len() - 1) as f64).round() as usize];
    Ok(Measured { median_ms: at(0.5), p99_ms: at(0.99), cpu_ms })
}

/// Writes slot after slot, as connectors would.
fn write(args: &Args, kind: StoreKind, server: &Server, end_ms: i64) -> Result<(), Failure> {
    let endpoints = facts::endpoints(args.partners, args.seed);
    let mut random = fastrand::Rng::with_seed(args.seed);
    let mut counters: Vec<Counters> = endpoints.iter().map(Counters::new).collect();
    let mut connection = server.connect()?;
    let first_ms = end_ms - i64::from(args.slots) * SLOT_MS;
    if kind != StoreKind::Plimsoll {
        scrape(kind, &mut connection, &counters, first_ms)?;
    }
    for number in 0..args.slots {
        let start_ms = first_ms + i64::from(number) * SLOT_MS;
        let mut cell = |endpoint: &Endpoint| {
            let count = random.u64(4..14);
            endpoint.cell(count, TimestampMs(start_ms), &mut random)
        };
        let cells: Vec<Cell> = endpoints.iter().map(&mut cell).collect();
        if kind == StoreKind::Plimsoll {
            push(&mut connection, &endpoints, &cells, start_ms)?;
            continue;
        }
        counters.iter_mut().zip(&cells).for_each(|(counters, cell)| counters.add(cell));
        scrape(kind, &mut connection, &counters, start_ms + SLOT_MS)?;
    }
    Ok(())
}

/// Pushes one slot of every endpoint.
fn push(
    connection: &mut BlockingConnection,
    endpoints: &[Endpoint],
    cells: &[Cell],
    start_ms: i64,
) -> Result<(), Failure> {
    let start = TimestampMs(start_ms);
    for (endpoints, cells) in endpoints.chunks(PUSH_ITEMS).zip(cells.chunks(PUSH_ITEMS)) {
        let summaries: Vec<_> = endpoints
            .iter()
            .zip(cells)
            .map(|(endpoint, cell)| items::summary_of(endpoint, start, 10, cell))
            .collect();
        let body = json!({ "summaries": summaries }).to_string();
        let headers = ["content-type: application/json"];
        accepted(connection.post(StoreKind::Plimsoll.write_path(), &headers, body.as_bytes())?)?;
    }
    Ok(())
}

/// Sends the value of every counter at one time.
fn scrape(
    kind: StoreKind,
    connection: &mut BlockingConnection,
    counters: &[Counters],
    at_ms: i64,
) -> Result<(), Failure> {
    let headers = [
        "content-type: application/x-protobuf",
        "content-encoding: snappy",
        "x-prometheus-remote-write-version: 0.1.0",
    ];
    for counters in counters.chunks(PUSH_ITEMS * 21 / SAMPLES) {
        let body = remote_write::request(counters, at_ms);
        accepted(connection.post(kind.write_path(), &headers, &body)?)?;
    }
    Ok(())
}

/// The bytes on disk after the server has stopped. Prometheus writes its head to a block only after two
/// hours; a snapshot writes it at once.
fn disk_bytes(
    kind: StoreKind,
    server: Server,
    connection: &mut BlockingConnection,
    data_dir: &Path,
) -> Result<u64, Failure> {
    if kind == StoreKind::Prometheus {
        accepted(connection.post("/api/v1/admin/tsdb/snapshot", &[], &[])?)?;
        return Ok(bytes_below(&data_dir.join("snapshots"))?);
    }
    server.stop()?;
    Ok(bytes_below(data_dir)?)
}
