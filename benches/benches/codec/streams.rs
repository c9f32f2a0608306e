//! Seeded streams of the kinds that partners have: an hour of each.

use plimsoll_storage::{Cell, Outcome, Slot, SlotValue, TimestampMs};

/// An hour of one stream.
pub(crate) type Run = Vec<(Slot, SlotValue)>;

/// 2026-11-20T12:00:00Z.
pub(crate) const FIRST_SLOT: u32 = 179_517_600;
/// Slots of an hour.
pub(crate) const SLOTS: u32 = 360;
const SLOT_MS: i64 = 10_000;
/// Streams of each kind.
const STREAMS: usize = 40;

/// The distribution of a stream's durations, and how many there are.
struct Kind {
    /// Medians in seconds. Each request draws one of them.
    medians_s: Vec<f64>,
    /// Requests in a slot: at least, and fewer than.
    per_slot: (u64, u64),
    /// Whether the newest event time is that of a request. That of the facts is the start of the slot.
    has_times: bool,
}

/// The kinds; first the facts that the other benchmarks use.
pub(crate) fn kinds() -> Vec<(&'static str, Vec<Run>)> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut kind = |per_slot, has_times, modes: &[f64]| {
        let stream = |random: &mut fastrand::Rng| {
            let median_s = 0.02 + 0.3 * random.f64();
            let medians_s = modes.iter().map(|by| median_s * by).collect();
            run(&Kind { medians_s, per_slot, has_times }, random)
        };
        (0..STREAMS).map(|_| stream(&mut random)).collect()
    };
    vec![
        ("facts", kind((4, 14), false, &[1.0])),
        ("log-normal", kind((4, 14), true, &[1.0])),
        ("bimodal", kind((4, 14), true, &[1.0, 12.0])),
        ("sparse (1 a minute)", kind((0, 0), true, &[1.0])),
        ("dense (3,000 a minute)", kind((450, 550), true, &[1.0])),
    ]
}

fn run(kind: &Kind, random: &mut fastrand::Rng) -> Run {
    let failing = 0.02 * random.f64();
    let mut run = Vec::new();
    for slot in FIRST_SLOT..FIRST_SLOT + SLOTS {
        let count = match kind.per_slot {
            (0, 0) => u64::from(random.u8(0..6) == 0),
            (from, to) => random.u64(from..to),
        };
        let mut cell = Cell::default();
        for _ in 0..count {
            let start = i64::from(slot) * SLOT_MS;
            let at = if kind.has_times { start + random.i64(0..SLOT_MS) } else { start };
            let outcome = match random.f64() {
                share if share < failing => Outcome::Status5xx,
                share if share < failing + 0.01 => Outcome::Status4xx,
                _ => Outcome::Status2xx,
            };
            let median_s = kind.medians_s[random.usize(0..kind.medians_s.len())];
            cell.record(outcome, Some(median_s * (0.5 * normal(random)).exp()), TimestampMs(at));
        }
        if count > 0 {
            run.push((Slot(slot), SlotValue::Activity(cell)));
        }
    }
    run
}

/// A standard normal number (Box and Muller, 1958).
fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}
