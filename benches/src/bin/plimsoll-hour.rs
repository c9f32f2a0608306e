//! Writes an hour of requests into a store and measures its size on disk and in memory, the time of a start
//! after a crash, and the cost of queries. By default: 200 partners × 5 operations × 2 environments × 2
//! sites, 12.5 M requests.

use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use mimalloc::MiMalloc;
use plimsoll_benches::process::{Stopwatch, rss_mb};
use plimsoll_benches::{Failure, facts};
use plimsoll_query::{Grid, LatencyMeasures, Selector, groups, latency};
use plimsoll_storage::{Label, LabelMatchers, Options, Slot, Store, TimestampMs};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// First slot: 2026-11-20T12:00:00Z.
const FIRST_SLOT: u32 = 179_517_600;

/// Write an hour of test data into a new store and measure it
#[derive(Debug, Parser)]
struct Args {
    /// Where to put the store; must not exist
    #[arg(long)]
    data_dir: PathBuf,
    /// Partners; each has 20 endpoints
    #[arg(long, default_value_t = 200)]
    partners: usize,
    /// Slots of 10 s
    #[arg(long, default_value_t = 360)]
    slots: u32,
    /// Seed of the test data
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs of each query; the fastest counts
    #[arg(long, default_value_t = 30)]
    runs: u32,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    if args.data_dir.exists() {
        return Err(format!("{} exists already", args.data_dir.display()).into());
    }
    let store = open(&args)?;
    write(&args, &store)?;
    query(&args, &store)?;
    println!("RSS before closing: {} MB", rss_mb(std::process::id())?);
    drop(store);
    let stopwatch = Stopwatch::start()?;
    let store = open(&args)?;
    println!("opened again in {:.0} ms", stopwatch.wall_s() * 1e3);
    store.seal()?;
    println!("from blocks:");
    query(&args, &store)?;
    preload(&store)?;
    println!("from memory again:");
    query(&args, &store)?;
    restart_after_burst(&args, store)
}

/// Opens the store as a server does on a machine with enough memory.
fn open(args: &Args) -> Result<Store, Failure> {
    let mut options = Options::new(&args.data_dir);
    options.cache_growth_bytes_max = usize::MAX;
    Ok(Store::open(&options)?)
}

/// Fills the cache, as a server does soon after its start.
fn preload(store: &Store) -> Result<(), Failure> {
    let stopwatch = Stopwatch::start()?;
    let slots = store.preload(|| true)?;
    println!(
        "cache filled {slots} slots back in {:.0} ms, {:.2} CPU-seconds: {} MB of cells",
        stopwatch.wall_s() * 1e3,
        stopwatch.cpu_s()?,
        store.stats().cache_bytes >> 20
    );
    Ok(())
}

/// Appends until the journal needs a seal, and opens the store again without one.
fn restart_after_burst(args: &Args, store: Store) -> Result<(), Failure> {
    let endpoints = facts::endpoints(args.partners, args.seed);
    let mut random = fastrand::Rng::with_seed(args.seed + 1);
    let mut cells = 0;
    for slot in (FIRST_SLOT + args.slots..).map(Slot) {
        if store.needs_seal() {
            break;
        }
        let at = store.slot_width().start(slot);
        let mut batch = store.batch();
        for endpoint in &endpoints {
            let cell = endpoint.cell(random.u64(4..14), at, &mut random);
            batch.activity(endpoint.stream(), slot)?.merge(&cell);
        }
        cells += endpoints.len();
        store.append_blocking(batch.finish(), 1, None, TimestampMs(at.0 + 10_000))?;
    }
    drop(store);
    let stopwatch = Stopwatch::start()?;
    let store = open(args)?;
    println!(
        "opened after a burst of {cells} cells in {:.0} ms, {:.2} CPU-seconds, head {} MB",
        stopwatch.wall_s() * 1e3,
        stopwatch.cpu_s()?,
        store.stats().head_bytes >> 20
    );
    Ok(())
}

/// Appends slot after slot, each at its end.
fn write(args: &Args, store: &Store) -> Result<(), Failure> {
    let endpoints = facts::endpoints(args.partners, args.seed);
    let mut random = fastrand::Rng::with_seed(args.seed);
    let (mut requests, mut append_s) = (0, 0.0);
    for number in 0..args.slots {
        let slot = Slot(FIRST_SLOT + number);
        let at = store.slot_width().start(slot);
        let mut cells = Vec::with_capacity(endpoints.len());
        for endpoint in &endpoints {
            let count = random.u64(4..14);
            requests += count;
            cells.push(endpoint.cell(count, at, &mut random));
        }
        let stopwatch = Stopwatch::start()?;
        let mut batch = store.batch();
        for (endpoint, cell) in endpoints.iter().zip(&cells) {
            batch.activity(endpoint.stream(), slot)?.merge(cell);
        }
        let now = TimestampMs(at.0 + 10_000);
        store.append_blocking(batch.finish(), 1, None, now)?;
        store.maintain(now)?;
        append_s += stopwatch.cpu_s()?;
    }
    let cells = f64::from(args.slots) * endpoints.len() as f64;
    println!(
        "{requests} requests in {cells} endpoint-slots; {append_s:.1} CPU-seconds to append and seal, \
         {:.0} cells per CPU-second",
        cells / append_s
    );
    println!(
        "RSS after writing: {} MB, head {} MB",
        rss_mb(std::process::id())?,
        store.stats().head_bytes >> 20
    );
    let stopwatch = Stopwatch::start()?;
    store.seal()?;
    store.compact()?;
    println!(
        "sealed and compacted in {:.1} s, {:.1} CPU-seconds",
        stopwatch.wall_s(),
        stopwatch.cpu_s()?
    );
    let disk = store.stats().disk_bytes;
    println!("{disk} bytes in files, {:.2} for each endpoint-slot", disk as f64 / cells);
    Ok(())
}

/// Measures the queries.
fn query(args: &Args, store: &Store) -> Result<(), Failure> {
    let end = store.slot_width().start(Slot(FIRST_SLOT + args.slots));
    let all = Selector::activity("requests");
    let mut one = all.clone();
    one.labels = LabelMatchers::any_of(Label::Partner, ["partner-007"]);
    let p95 = LatencyMeasures::quantiles(&[0.95]);
    let width = store.slot_width();
    let last_5m = Grid::at(end, 300_000, width)?;
    let hour = Grid::range((TimestampMs(end.0 - 3_540_000), end), 60_000, 60_000, width)?;
    for (name, selector, grid) in [
        ("p95 of every partner, last 5 m", &all, &last_5m),
        ("p95 of every partner, 1 h by 1 m", &all, &hour),
        ("p95 of one partner, last 5 m", &one, &last_5m),
    ] {
        let mut best = f64::INFINITY;
        let stopwatch = Stopwatch::start()?;
        for _ in 0..args.runs {
            let started = Instant::now();
            latency(store, groups(store, selector, &[Label::Partner]), grid, &p95)?;
            best = best.min(started.elapsed().as_secs_f64());
        }
        let cpu_ms = stopwatch.cpu_s()? * 1e3 / f64::from(args.runs);
        println!("{name}: {:.2} ms, {cpu_ms:.2} CPU-ms", best * 1e3);
    }
    Ok(())
}
