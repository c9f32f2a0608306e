use super::*;

fn event(at: i64, duration_us: u64, id: &str) -> Exemplar<&str> {
    let ids = [id, "", ""];
    let duration_us = Some(duration_us);
    Exemplar { at: TimestampMs(at), outcome: Outcome::Status5xx, duration_us, ids }
}

fn kept(kind: Kind, events: &[(i64, u64, &str)]) -> Vec<String> {
    let mut best = Vec::new();
    for (at, duration_us, id) in events {
        kind.keep_in_slot(&mut best, event(*at, *duration_us, id));
    }
    best.into_iter().map(|event| event.ids[0].clone()).collect()
}

#[test]
fn the_newest_or_the_slowest_are_kept_each_order_once() {
    let failed = Kind::Failed(Outcome::Status5xx);
    let events = [(1, 50, "a"), (4, 10, "b"), (2, 30, "c"), (3, 40, "a"), (5, 20, "d")];
    assert_eq!(kept(failed, &events), ["d", "b", "a"]);
    assert_eq!(kept(Kind::Slow, &events), ["a", "c", "d"]);
    let retried = [(1, 1, "a"), (2, 1, "b"), (3, 1, "a"), (4, 1, "a"), (4, 1, "a")];
    assert_eq!(kept(failed, &retried), ["a", "b"]);
}

#[test]
fn kinds_have_the_numbers_of_their_classes() {
    assert_eq!(Kind::all().count(), 9);
    for kind in Kind::all() {
        assert_eq!(Kind::of_number(kind.number()), Some(kind));
    }
    assert_eq!(Kind::of_number(Outcome::Success as u8), None);
    let ok = Exemplar { outcome: Outcome::Success, ..event(1, 1, "a") };
    assert_eq!(Kind::of(&ok).collect::<Vec<_>>(), [Kind::Slow]);
}
