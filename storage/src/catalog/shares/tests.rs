use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

const MOST: MostValues = MostValues { label: "operation", values: 7 };

/// Streams that were taken, by partner and name.
struct Model {
    shares: Shares,
    partners: HashMap<usize, usize>,
    names: HashMap<usize, usize>,
    named: Vec<usize>,
    new_partners: NewPartners,
    now: Instant,
}

impl Model {
    fn new(streams_max: usize) -> Self {
        Self {
            shares: Shares { streams_max },
            partners: HashMap::new(),
            names: HashMap::new(),
            named: Vec::new(),
            new_partners: NewPartners::default(),
            now: Instant::now(),
        }
    }

    fn total(&self) -> usize {
        self.partners.values().sum()
    }

    fn shared(&self) -> usize {
        self.partners.values().map(|count| count.saturating_sub(GUARANTEED_STREAMS)).sum()
    }

    /// Adds a stream if it is taken.
    fn add(&mut self, partner: usize, name: usize) -> Result<(), StreamLimit> {
        let demand = Demand {
            partner: "dhl",
            name: "requests",
            of_partner: self.partners.get(&partner).copied().unwrap_or(0),
            of_name: self.names.get(&name).copied().unwrap_or(0),
            shared: self.shared(),
            partners: self.partners.len(),
            is_named: self.named.contains(&partner),
            most: MOST,
        };
        self.shares.check(demand, &mut self.new_partners, self.now)?;
        *self.partners.entry(partner).or_default() += 1;
        *self.names.entry(name).or_default() += 1;
        Ok(())
    }

    /// Adds streams of a partner until one is rejected. Returns how many it has.
    fn fill(&mut self, partner: usize) -> usize {
        while self.add(partner, 0).is_ok() {}
        self.partners.get(&partner).copied().unwrap_or(0)
    }
}

#[test]
fn the_limits_of_a_million_streams() {
    let shares = Shares { streams_max: 1_000_000 };
    assert_eq!(shares.partners_max(), 10_000);
    assert_eq!(shares.unnamed_partners_max(), 9_000);
    assert_eq!(shares.new_partners_max(), 100);
    assert_eq!(shares.shared_max(), 500_000);
    assert_eq!(shares.partner_max(0), 55_605);
}

#[test]
fn one_partner_stops_at_a_tenth_of_the_shared_half() {
    let mut model = Model::new(10_000);
    let count = model.fill(1);
    assert_eq!(count, 50 + 500);
    let error = model.add(1, 0).expect_err("it is full");
    let text = error.to_string();
    assert!(text.contains("has 550 streams and may have 550 now"), "{text}");
    assert!(text.contains("`operation` has the most values, 7"), "{text}");
}

#[test]
fn when_many_partners_flood_another_still_gets_its_streams() {
    let mut model = Model::new(10_000);
    for partner in 0..40 {
        model.fill(partner);
    }
    // Those that come after others were stopped raise nobody's limit.
    assert!((0..40).all(|partner| model.add(partner, 0).is_err()));
    for _ in 0..GUARANTEED_STREAMS {
        model.add(77, 0).expect("guaranteed");
    }
    assert!(model.fill(77) > GUARANTEED_STREAMS, "it has room in the shared half too");
    assert!(model.total() < 10_000);
}

#[test]
fn unknown_partners_are_taken_slowly_and_not_all_while_named_ones_are_taken_at_once() {
    let mut model = Model::new(100_000);
    let flood = |model: &mut Model, first: usize| {
        (first..first + 5_000).filter(|partner| model.add(*partner, 0).is_ok()).count()
    };
    assert_eq!(flood(&mut model, 10_000), 500 + 10, "half, then some in an hour");
    assert!(matches!(
        model.add(9, 0),
        Err(StreamLimit::NewPartners { partners: 510, per_hour: 10 })
    ));
    assert!(model.new_partners.are_refused(model.now));
    model.now += Duration::from_secs(3_599);
    assert!(model.new_partners.are_refused(model.now), "less than an hour ago");
    assert!(!model.new_partners.are_refused(model.now + Duration::from_secs(1)));
    assert_eq!(flood(&mut model, 20_000), 0);
    model.now += Duration::from_secs(1);
    assert_eq!(flood(&mut model, 30_000), 10);
    for hour in 1..100 {
        model.now += Duration::from_secs(3_600);
        flood(&mut model, 100_000 * hour);
    }
    assert_eq!(model.partners.len(), 900);
    assert!(matches!(model.add(9, 0), Err(StreamLimit::Partners { partners: 900, limit: 900 })));
    model.named = (1..=101).collect();
    let taken = (1..=101).filter(|partner| model.add(*partner, 0).is_ok()).count();
    assert_eq!(taken, 100, "the places that only named partners have");
    assert!(model.add(10_000, 0).is_ok(), "a partner that exists needs no place");
}

#[test]
fn a_name_leaves_room_for_others() {
    let shares = Shares { streams_max: 10_000 };
    let demand = Demand {
        partner: "dhl",
        name: "requests",
        of_partner: 60,
        of_name: 7_500,
        shared: 0,
        partners: 3,
        is_named: false,
        most: MOST,
    };
    let check = |demand| shares.check(demand, &mut NewPartners::default(), Instant::now());
    assert!(matches!(check(demand), Err(StreamLimit::Name { streams: 7_500, .. })));
    assert_eq!(check(Demand { of_partner: 49, ..demand }), Ok(()), "guaranteed");
    assert_eq!(check(Demand { of_name: 7_499, ..demand }), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever clients send, the limit holds, and a partner that exists gets what is guaranteed to it.
    #[test]
    fn no_sequence_of_streams_takes_what_is_guaranteed(
        runs in proptest::collection::vec((0_usize..40, 0_usize..3, 1_usize..400), 1..60),
    ) {
        let mut model = Model::new(2_000);
        model.named = vec![38, 39];
        for (partner, name, count) in runs {
            for _ in 0..count {
                let held = model.partners.get(&partner).copied().unwrap_or(0);
                let taken = model.add(partner, name).is_ok();
                prop_assert!(taken || held == 0 || held >= GUARANTEED_STREAMS);
            }
        }
        prop_assert!(model.total() <= 2_000);
        prop_assert!(model.shared() <= model.shares.shared_max());
        prop_assert!(model.partners.len() <= model.shares.partners_max());
    }
}
