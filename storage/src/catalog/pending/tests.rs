use super::*;
use crate::model::stream::{StreamId, StreamKind};

fn stream<'a>(partner: &'a str, operation: &'a str) -> StreamRef<'a> {
    let labels = [partner, operation, "production", "", ""];
    StreamRef { kind: StreamKind::Activity, name: "requests", labels }
}

fn reserve(reservation: &mut Reservation, catalog: &Catalog, partner: &str) -> bool {
    let operation = reservation.counts.names.values().sum::<usize>().to_string();
    reservation.reserve(catalog, stream(partner, &operation), Instant::now()).is_ok()
}

#[test]
fn batches_that_are_built_at_the_same_time_keep_the_limits_together() {
    let pending = Arc::new(Pending::new(Shares { streams_max: 1_000 }));
    let catalog = Catalog::default();
    let limit = pending.shares().partner_max(0) - 1;
    let mut batches = [Reservation::new(&pending), Reservation::new(&pending)];
    let mut taken = 0;
    for number in 0..2 * limit {
        taken += usize::from(reserve(&mut batches[number % 2], &catalog, "dhl"));
    }
    assert!((50..=limit).contains(&taken), "{taken} of {limit}");
    assert_eq!(pending.rejected(), (2 * limit - taken) as u64);
    let [first, second] = batches;
    drop(first);
    let mut later = Reservation::new(&pending);
    assert!(reserve(&mut later, &catalog, "dhl"), "the places of a dropped batch are free");
    drop((second, later));
    let state = pending.state.lock();
    let Counts { partners, names, shared, new_partners } = &state.counts;
    assert!(partners.is_empty() && names.is_empty());
    assert_eq!((*shared, *new_partners), (0, 0));
}

#[test]
fn new_partners_of_other_batches_count() {
    let pending = Arc::new(Pending::new(Shares { streams_max: 1_000 }));
    let mut catalog = Catalog::default();
    catalog.insert(StreamId(0), &stream("known", "a"));
    let mut batch = Reservation::new(&pending);
    let taken =
        (0..20).filter(|number| reserve(&mut batch, &catalog, &format!("p{number}"))).count();
    assert_eq!(taken, 5, "half of ten with the known one, and one more in an hour");
    assert!(reserve(&mut batch, &catalog, "known"), "a partner that exists");
    assert!(!reserve(&mut Reservation::new(&pending), &catalog, "ups"));
    pending.name_partners(["ups".to_owned()].into());
    assert!(reserve(&mut Reservation::new(&pending), &catalog, "ups"));
}
