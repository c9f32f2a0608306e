//! Writes a month of requests into a store, for backtests over stored data: 40 partners with one stream each,
//! one cell a slot, and half an hour of failures for each partner and week.
//!
//!     plimsoll-month --data-dir /tmp/month > /tmp/rules.yaml
//!     time plimsoll backtest --rules /tmp/rules.yaml --data-dir /tmp/month --format json | wc -l

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Parser;
use mimalloc::MiMalloc;
use plimsoll_benches::{Failure, facts};
use plimsoll_storage::{Options, Outcome, Slot, Store, TimestampMs};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// First slot: 2026-10-20T00:00:00Z.
const FIRST_SLOT: u32 = 179_245_440;
const SLOTS_PER_HOUR: u32 = 360;
const WEEK_SLOTS: u32 = 7 * 24 * SLOTS_PER_HOUR;
/// Slots with failures, each week.
const FAILING_SLOTS: u32 = 180;

/// Write a month into a new store, and print a rules file with ten rules for it
#[derive(Debug, Parser)]
struct Args {
    /// Where to put the store; must not exist
    #[arg(long)]
    data_dir: PathBuf,
    /// Partners
    #[arg(long, default_value_t = 40)]
    partners: usize,
    /// Days
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// Seed of the test data
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    if args.data_dir.exists() {
        return Err(format!("{} exists already", args.data_dir.display()).into());
    }
    let store = Store::open(&Options::new(&args.data_dir))?;
    let endpoints = facts::endpoints(args.partners, args.seed);
    // One endpoint of each partner is used.
    let each = endpoints.len() / args.partners.max(1);
    let mut random = fastrand::Rng::with_seed(args.seed);
    for hour in 0..args.days * 24 {
        let mut batch = store.batch();
        for number in hour * SLOTS_PER_HOUR..(hour + 1) * SLOTS_PER_HOUR {
            let slot = Slot(FIRST_SLOT + number);
            let at = store.slot_width().start(slot);
            for (partner, endpoint) in endpoints.iter().step_by(each.max(1)).enumerate() {
                let mut cell = endpoint.cell(random.u64(4..14), at, &mut random);
                let begins = partner as u32 * 977 % WEEK_SLOTS;
                if (begins..begins + FAILING_SLOTS).contains(&(number % WEEK_SLOTS)) {
                    (0..4).for_each(|_| cell.record(Outcome::Status5xx, Some(2.0), at));
                }
                batch.activity(endpoint.stream(), slot)?.merge(&cell);
            }
        }
        let now = TimestampMs(store.slot_width().start(Slot(FIRST_SLOT)).0)
            .plus_ms(i64::from(hour + 1) * 3_600_000);
        store.append_blocking(batch.finish(), 1, None, now)?;
        store.maintain(now)?;
    }
    store.seal()?;
    store.retain()?;
    store.compact()?;
    print!("{}", rules()?);
    Ok(())
}

/// Ten rules, of every kind that a stream of requests supports.
fn rules() -> Result<String, std::fmt::Error> {
    let signals = [
        ("5xx", "{ ratio: { of: [5xx, timeout, network], stream: requests } }", "> 10%"),
        ("5xx-slow", "{ ratio: { of: [5xx], stream: requests } }", "> 5%"),
        ("4xx", "{ ratio: { of: [4xx], stream: requests } }", "> 10%"),
        ("429", "{ ratio: { of: [429], stream: requests } }", "> 5%"),
        ("auth", "{ ratio: { of: [401_403], stream: requests } }", "> 5%"),
        ("p95", "{ latency: { q: 0.95, stream: requests } }", "> 1500ms"),
        ("p50", "{ latency: { q: 0.5, stream: requests } }", "> 800ms"),
        ("stale", "{ freshness: { stream: requests } }", "> 30m"),
        ("drop", "{ drop: { stream: requests } }", "< 30% of usual"),
        ("absent", "{ absence: { stream: requests } }", "> 15m"),
    ];
    let mut text = "receivers:\n  - { name: hub, webhook: { url: \"https://hub.example\", \
                    secret: \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" } }\nrules:\n"
        .to_owned();
    for (name, signal, threshold) in signals {
        let head = format!("name: partner-{name}, owner: bench, runbook: 'https://bench.example/'");
        writeln!(
            text,
            "  - {{ {head}, signal: {signal}, by: [partner], critical: '{threshold}', notify: [hub] }}"
        )?;
    }
    Ok(text)
}
