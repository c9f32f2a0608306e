//! The cost of evaluation: the bytes that the alert engine allocates, and its time to add cells and to
//! evaluate slots. Nothing is stored.
//!
//!     plimsoll-evaluate pack --hours 2                   the default pack over 4,000 endpoints
//!     plimsoll-evaluate pack --hours 168 --every 30      a week, a cell each 5 minutes
//!     plimsoll-evaluate rules --kind alike|different     1,000 rules over 200 partners
//!
//! Times are the CPU time of the thread, so that other work on the machine hardly matters.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use cap::Cap;
use clap::{Args, Parser, Subcommand, ValueEnum};
use mimalloc::MiMalloc;
use plimsoll_alerting::RuleSet;
use plimsoll_alerting::engine::{Engine, StreamNumber};
use plimsoll_benches::Failure;
use plimsoll_benches::facts::{self, Endpoint};
use plimsoll_benches::process;
use plimsoll_storage::{Slot, SlotValue, SlotWidth, StreamRef, TimestampMs};

/// The allocator of the server, with a count of the allocated bytes.
#[global_allocator]
static ALLOCATOR: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

/// First slot: 2026-11-20T12:00:00Z, a Friday.
const FIRST_SLOT: u32 = 179_517_600;
/// Different cells of each endpoint, used in turn.
const CELLS: usize = 8;
const WIDTH: SlotWidth = SlotWidth::DEFAULT;

/// Measure the alert engine
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The default pack
    Pack {
        #[command(flatten)]
        load: Load,
        /// Streams of each endpoint
        #[arg(long, value_delimiter = ',', default_value = "requests")]
        streams: Vec<String>,
        /// Hours of data
        #[arg(long, default_value_t = 2)]
        hours: u32,
    },
    /// Many rules that group by partner
    Rules {
        #[command(flatten)]
        load: Load,
        /// How many rules
        #[arg(long, default_value_t = 1_000)]
        rules: usize,
        /// What the rules differ in
        #[arg(long, value_enum)]
        kind: Kind,
        /// Minutes of data
        #[arg(long, default_value_t = 20)]
        minutes: u32,
    },
}

#[derive(Debug, Args)]
struct Load {
    /// Partners; each has 20 endpoints
    #[arg(long, default_value_t = 200)]
    partners: usize,
    /// A cell for each endpoint every so many slots
    #[arg(long, default_value_t = 1)]
    every: u32,
    /// Seed of the test data
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// In their thresholds
    Alike,
    /// In signal, window, grouped streams and thresholds
    Different,
}

fn main() -> Result<(), Failure> {
    match Cli::parse().command {
        Command::Pack { load, streams, hours } => {
            let mut workload = Workload::new(RuleSet::default_pack()?, &load, &streams);
            for hour in 1..=hours {
                let cost = workload.run(360, load.every)?;
                if hour <= 4 || hour % 24 == 0 || hour == hours {
                    workload.report(&format!("hour {hour}"), &cost)?;
                }
            }
        }
        Command::Rules { load, rules, kind, minutes } => {
            let text = match kind {
                Kind::Alike => alike(rules)?,
                Kind::Different => different(rules)?,
            };
            let rules = RuleSet::parse(&text, &|_| None, Path::new("."))?;
            let mut workload = Workload::new(rules, &load, &["requests".to_owned()]);
            for minute in 1..=minutes {
                let cost = workload.run(6, load.every)?;
                if minute <= 2 || minute % 10 == 0 || minute == minutes {
                    workload.report(&format!("minute {minute}"), &cost)?;
                }
            }
        }
    }
    Ok(())
}

/// Rules that differ only in their limits.
fn alike(rules: usize) -> Result<String, std::fmt::Error> {
    let mut text = String::from(RECEIVERS);
    for number in 0..rules {
        let limit = 5.0 + number as f64 / 100.0;
        let signal = "ratio: { of: [5xx, timeout, network], stream: requests }";
        rule(&mut text, number, signal, &format!("critical: '> {limit}%', window: 5m"))?;
    }
    Ok(text)
}

/// Rules that share little: eight signals with different windows and limits.
fn different(rules: usize) -> Result<String, std::fmt::Error> {
    const SCAN: &str =
        "scan: { windows: [3m, 5m, 15m, 60m], bad_minutes: 3, few: 20, few_span: 5m }";
    const OPERATIONS: [&str; 5] = ["create_label", "void_label", "rates", "track", "pickup"];
    const CLASSES: [&str; 4] = ["5xx", "timeout", "4xx", "429"];
    let mut text = String::from(RECEIVERS);
    for number in 0..rules {
        let (limit, round) = (5.0 + number as f64 / 100.0, number / 8);
        let class = CLASSES[round % CLASSES.len()];
        let window = format!("window: {}m", 1 + round % 15);
        let ratio = format!("ratio: {{ of: [{class}], stream: requests }}");
        let q = [0.5, 0.9, 0.95, 0.99][round % 4];
        let latency = format!("latency: {{ q: {q}, stream: requests }}");
        let (signal, rest) = match number % 8 {
            0 => (ratio, format!("critical: '> {limit}%', {window}")),
            1 => (ratio, format!("critical: '> {limit}%', usual: {{ times: 3 }}, {SCAN}")),
            2 => (latency, format!("critical: '> {}ms', {window}", 900 + number)),
            3 => (
                latency,
                format!("critical: '> {}ms', usual: {{ times: 2 }}, {SCAN}", 900 + number),
            ),
            4 => (
                "freshness: { stream: requests }".into(),
                format!("critical: '> {}m'", 5 + round % 99),
            ),
            5 => (
                "absence: { stream: requests }".into(),
                format!("critical: '> {}m'", 5 + round % 99),
            ),
            6 => (
                format!("burn: {{ of: [{class}], stream: requests, objective: '99%' }}"),
                format!("critical: '> {}', window: 1h", 10 + round % 20),
            ),
            _ => (
                "drop: { stream: requests }".into(),
                "critical: '< 50% of usual', scan: { windows: [5m, 15m, 60m] }".into(),
            ),
        };
        let operation = OPERATIONS[round % OPERATIONS.len()];
        rule(&mut text, number, &signal, &format!("match: {{ operation: {operation} }}, {rest}"))?;
    }
    Ok(text)
}

/// The beginning of a rules file.
const RECEIVERS: &str =
    "receivers: [{ name: hub, webhook: { url: 'https://hub.example' } }]\nrules:\n";

fn rule(text: &mut String, number: usize, signal: &str, rest: &str) -> std::fmt::Result {
    writeln!(
        text,
        "  - {{ name: rule-{number}, owner: o, runbook: r, notify: [hub], signal: {{ {signal} }}, {rest} }}"
    )
}

/// An engine and its input.
struct Workload {
    endpoints: Vec<Endpoint>,
    names: Vec<String>,
    /// The cells of each endpoint.
    cells: Vec<[SlotValue; CELLS]>,
    engine: Engine,
    next: Slot,
    random: fastrand::Rng,
    /// Bytes allocated before the engine was made.
    bytes_before: usize,
}

/// The cost of a number of slots.
#[derive(Default)]
struct Cost {
    cells: usize,
    slots: u32,
    adding_s: f64,
    evaluating_s: f64,
    slowest_slot_s: f64,
    evaluations: usize,
}

impl Workload {
    fn new(rules: RuleSet, load: &Load, names: &[String]) -> Self {
        let endpoints = facts::endpoints(load.partners, load.seed);
        let mut random = fastrand::Rng::with_seed(load.seed);
        let cell = |endpoint: &Endpoint, random: &mut fastrand::Rng| {
            SlotValue::Activity(endpoint.cell(random.u64(4..14), TimestampMs(0), random))
        };
        let cells = endpoints
            .iter()
            .map(|endpoint| std::array::from_fn(|_| cell(endpoint, &mut random)))
            .collect();
        let bytes_before = ALLOCATOR.allocated();
        let engine = Engine::new(Arc::new(rules), WIDTH);
        let (names, next) = (names.to_vec(), Slot(FIRST_SLOT));
        Self { endpoints, names, cells, engine, next, random, bytes_before }
    }

    fn streams(&self) -> usize {
        self.endpoints.len() * self.names.len()
    }

    /// Adds and evaluates some slots.
    fn run(&mut self, slots: u32, every: u32) -> Result<Cost, Failure> {
        let mut cost = Cost { slots, ..Cost::default() };
        for _ in 0..slots / every {
            let slot = self.next;
            self.next = slot.plus(every);
            let cells = self.cells_of(slot);
            cost.cells += cells.len();
            let started = process::thread_cpu_seconds()?;
            for (stream, value) in &cells {
                self.engine.observe(*stream, slot, value);
            }
            let added = process::thread_cpu_seconds()?;
            cost.evaluations += self.engine.evaluate(slot).len();
            let evaluated = process::thread_cpu_seconds()?;
            cost.adding_s += added - started;
            cost.evaluating_s += evaluated - added;
            cost.slowest_slot_s = cost.slowest_slot_s.max(evaluated - started);
        }
        Ok(cost)
    }

    /// One cell of each stream.
    fn cells_of(&mut self, slot: Slot) -> Vec<(StreamNumber, SlotValue)> {
        let turn = self.random.usize(..);
        let mut cells = Vec::with_capacity(self.streams());
        for (position, endpoint) in self.endpoints.iter().enumerate() {
            for name in &self.names {
                let stream = StreamRef { name, ..endpoint.stream() };
                let number = self.engine.stream(stream);
                let mut value = self.cells[position][(turn + position) % CELLS].clone();
                if let SlotValue::Activity(cell) = &mut value {
                    cell.last_at = Some(WIDTH.end(slot).plus_ms(-1));
                }
                cells.push((number, value));
            }
        }
        cells
    }

    fn report(&self, name: &str, cost: &Cost) -> Result<(), Failure> {
        let bytes = ALLOCATOR.allocated().saturating_sub(self.bytes_before);
        let slots = f64::from(cost.slots);
        println!(
            "{name}: {:.1} MB in {} streams, {} bytes each; RSS {} MB; adding {:.0} ns a cell, \
             {:.2} ms a slot; evaluating {:.2} ms a slot; both at most {:.1} ms; {} evaluations",
            bytes as f64 / 1e6,
            self.streams(),
            bytes / self.streams(),
            process::rss_mb(std::process::id())?,
            cost.adding_s * 1e9 / cost.cells as f64,
            cost.adding_s * 1e3 / slots,
            cost.evaluating_s * 1e3 / slots,
            cost.slowest_slot_s * 1e3,
            cost.evaluations,
        );
        Ok(())
    }
}
