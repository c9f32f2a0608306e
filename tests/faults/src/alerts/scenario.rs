//! What happens while partners fail and recover, made from a seed alone: one operation after the other.

use std::collections::BTreeSet;

use fastrand::Rng;

/// How many partners report.
const PARTNERS: usize = 6;
/// How long it lasts, in slots of [`SLOT_MS`].
const SLOTS: i64 = 48;
/// The default width of slots.
const SLOT_MS: i64 = 10_000;
/// The first slot. A multiple of a day.
const START_MS: i64 = 20_700 * 24 * 60 * 60 * 1000;
/// How many processes a recording has: each but the last ends without closing the store.
const PROCESSES: usize = 3;

/// Everything that happens.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The seed that it was made from.
    pub(super) seed: u64,
    /// One after the other.
    pub(super) operations: Vec<Operation>,
    /// Alerts share notifications by partner.
    pub(super) shares_notifications: bool,
    /// Some events are pushed slots later. What a slot is found to be then depends on when it is evaluated.
    pub(super) has_late_events: bool,
    /// The receivers are down at times.
    pub(super) has_outages: bool,
    /// A server may be down for longer than notifications are made up for.
    pub(super) has_long_downtimes: bool,
}

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// When.
    pub at_ms: i64,
    /// What.
    pub kind: Kind,
}

/// What an operation does.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Pushes events, with an idempotency key.
    Push {
        /// The key.
        key: Vec<u8>,
        /// The events.
        events: Vec<Events>,
    },
    /// Evaluates the slots that end until a time.
    Evaluate {
        /// The end of a slot.
        until_ms: i64,
    },
    /// Waits until the outbox is empty.
    Deliver,
    /// Silences a partner.
    Silence {
        /// The partner.
        partner: String,
        /// For how long, in ms.
        length_ms: i64,
    },
    /// Acknowledges the open alerts of a partner.
    Acknowledge {
        /// The partner.
        partner: String,
    },
    /// From now on the receivers answer every request with 503, or do so no more.
    Outage {
        /// Which of the two.
        is_down: bool,
    },
    /// Seals the head.
    Seal,
    /// Runs the maintenance of the store.
    Maintain,
}

/// Events of one partner at the same time.
#[derive(Debug, Clone)]
pub(super) struct Events {
    /// The stream.
    pub stream: &'static str,
    /// The partner.
    pub partner: String,
    /// When they happened.
    pub at_ms: i64,
    /// How many succeeded.
    pub good: u32,
    /// How many failed.
    pub bad: u32,
}

/// A partner during the scenario.
struct Partner {
    name: String,
    /// For so many slots more it stays as it is.
    left: i64,
    /// So many of 100 requests fail.
    failing: u32,
    /// It sends no tracking events.
    is_silent: bool,
}

impl Scenario {
    /// The scenario of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let (shares_notifications, has_late_events) =
            (seed.is_multiple_of(2), seed.is_multiple_of(3));
        let has_outages = seed % 4 == 3;
        let is_plain = !shares_notifications && !has_late_events && !has_outages;
        let has_long_downtimes = is_plain && seed.is_multiple_of(5);
        let mut outage = Outage::default();
        let start = Operation { at_ms: START_MS, kind: Kind::Evaluate { until_ms: START_MS } };
        let mut operations = vec![start];
        let mut partners: Vec<Partner> = (0..PARTNERS).map(Partner::new).collect();
        for slot in 0..SLOTS {
            for partner in &mut partners {
                partner.go_on(&mut random);
            }
            add_slot(&mut operations, slot, &partners, has_late_events, &mut random);
            if has_long_downtimes {
                // Nobody acts, so that nobody has to see alerts before a downtime is over.
                let acts = |it: &Operation| {
                    matches!(it.kind, Kind::Silence { .. } | Kind::Acknowledge { .. })
                };
                operations.retain(|it| !acts(it));
            }
            if has_outages {
                outage.go_on(&mut operations, &mut random);
            }
        }
        let at_ms = START_MS + SLOTS * SLOT_MS;
        operations.push(Operation { at_ms, kind: Kind::Outage { is_down: false } });
        operations.push(Operation { at_ms, kind: Kind::Deliver });
        Self {
            seed,
            operations,
            shares_notifications,
            has_late_events,
            has_outages,
            has_long_downtimes,
        }
    }

    /// The same with receivers that are never down.
    #[must_use]
    pub(super) fn without_outages(&self) -> Self {
        let mut scenario = self.clone();
        for operation in &mut scenario.operations {
            if let Kind::Outage { is_down } = &mut operation.kind {
                *is_down = false;
            }
        }
        scenario
    }

    /// Whether the receivers are down when so many operations are done.
    #[must_use]
    pub(super) fn is_down_after(&self, done: usize) -> bool {
        let mut outages = self.operations.iter().take(done).filter_map(|it| match it.kind {
            Kind::Outage { is_down } => Some(is_down),
            _ => None,
        });
        outages.next_back().unwrap_or(false)
    }

    /// The ends of the processes that run it: each a number of operations.
    #[must_use]
    pub(super) fn ends(&self) -> Vec<usize> {
        (1..=PROCESSES).map(|process| self.operations.len() * process / PROCESSES).collect()
    }

    /// The first operation that a store does not show to hold when some were done. An evaluation includes
    /// those before it that were left out.
    #[must_use]
    pub(super) fn next_after(&self, done: &BTreeSet<usize>) -> usize {
        let is_evaluation =
            |number: &usize| matches!(self.operations[*number].kind, Kind::Evaluate { .. });
        let evaluated = done.iter().rev().copied().find(is_evaluation);
        let mut next = 0;
        for (number, operation) in self.operations.iter().enumerate() {
            match operation.kind {
                Kind::Push { .. } if done.contains(&number) => {}
                Kind::Evaluate { .. } if Some(number) <= evaluated => {}
                Kind::Push { .. } | Kind::Evaluate { .. } => break,
                _ => continue,
            }
            next = number + 1;
        }
        next
    }
}

/// Whether receivers are down, and for how many slots more.
#[derive(Default)]
struct Outage {
    left: i64,
}

impl Outage {
    /// Goes on to the next slot. Nothing waits for deliveries while receivers are down.
    fn go_on(&mut self, operations: &mut Vec<Operation>, random: &mut Rng) {
        let at_ms = operations.last().map_or(START_MS, |last| last.at_ms);
        if self.left > 0 {
            operations.pop_if(|last| matches!(last.kind, Kind::Deliver));
            self.left -= 1;
            if self.left == 0 {
                operations.push(Operation { at_ms, kind: Kind::Outage { is_down: false } });
            }
        } else if random.u8(..5) == 0 {
            self.left = random.i64(3..12);
            operations.push(Operation { at_ms, kind: Kind::Outage { is_down: true } });
        }
    }
}

impl Partner {
    fn new(number: usize) -> Self {
        Self { name: format!("partner-{number}"), left: 2, failing: 0, is_silent: false }
    }

    /// Goes on to the next slot.
    fn go_on(&mut self, random: &mut Rng) {
        self.left -= 1;
        if self.left > 0 {
            return;
        }
        self.left = random.i64(3..10);
        self.failing = match random.u8(..8) {
            0..4 => 0,
            4..6 => random.u32(20..70),
            _ => 100,
        };
        self.is_silent = random.u8(..4) == 0;
    }

    /// What it reports of a slot.
    fn events(&self, slot: i64, random: &mut Rng) -> Vec<Events> {
        let at_ms = START_MS + slot * SLOT_MS + random.i64(0..SLOT_MS);
        let (count, partner) = (random.u32(8..20), self.name.clone());
        let bad = count * self.failing / 100;
        let mut events =
            vec![Events { stream: "requests", partner, at_ms, good: count - bad, bad }];
        if !self.is_silent {
            let partner = self.name.clone();
            events.push(Events { stream: "tracking", partner, at_ms, good: 1, bad: 0 });
        }
        events
    }
}

/// What happens about one slot, most of it at its end.
fn add_slot(
    operations: &mut Vec<Operation>,
    slot: i64,
    partners: &[Partner],
    has_late_events: bool,
    random: &mut Rng,
) {
    let end_ms = START_MS + (slot + 1) * SLOT_MS;
    let mut add = |kind| operations.push(Operation { at_ms: end_ms, kind });
    let (first, rest) = partners.split_at(random.usize(..PARTNERS));
    for part in [first, rest].into_iter().filter(|part| !part.is_empty()) {
        let mut events: Vec<Events> =
            part.iter().flat_map(|partner| partner.events(slot, random)).collect();
        if has_late_events && slot > 3 && random.u8(..4) == 0 {
            events.extend(part.iter().flat_map(|it| it.events(slot - random.i64(1..4), random)));
        }
        let key = format!("{slot}-{:016x}", random.u64(..)).into_bytes();
        add(Kind::Push { key, events });
    }
    let partner = partners.get(random.usize(..PARTNERS)).map(|it| it.name.clone());
    if let Some(partner) = partner {
        match random.u8(..20) {
            0 => add(Kind::Silence { partner, length_ms: random.i64(4..12) * SLOT_MS }),
            1..4 => add(Kind::Acknowledge { partner }),
            _ => {}
        }
    }
    add(Kind::Evaluate { until_ms: end_ms });
    match random.u8(..24) {
        0..3 => add(Kind::Seal),
        3 => add(Kind::Maintain),
        4..16 => add(Kind::Deliver),
        _ => {}
    }
}
