use super::*;

#[test]
fn names_round_trip_and_numbers_are_positions() {
    for (position, class) in Outcome::ALL.into_iter().enumerate() {
        assert_eq!(Outcome::parse(class.as_str()), Some(class));
        assert_eq!(class as usize, position);
    }
    assert_eq!(Outcome::parse("6xx"), None);
}

#[test]
fn statuses_map_to_their_class() {
    let table = [
        (101, Some(Outcome::Status2xx)),
        (200, Some(Outcome::Status2xx)),
        (304, Some(Outcome::Status3xx)),
        (400, Some(Outcome::Status4xx)),
        (401, Some(Outcome::Auth)),
        (403, Some(Outcome::Auth)),
        (404, Some(Outcome::Status4xx)),
        (429, Some(Outcome::RateLimited)),
        (499, Some(Outcome::Status4xx)),
        (503, Some(Outcome::Status5xx)),
        (599, Some(Outcome::Status5xx)),
        (0, None),
        (100, None),
        (600, None),
    ];
    for (status, class) in table {
        assert_eq!(Outcome::of_status(status), class, "{status}");
    }
}

#[test]
fn unmerge_undoes_merge() {
    let mut one = OutcomeCounts::default();
    one.add(Outcome::Status2xx, 7);
    let mut other = OutcomeCounts::default();
    other.add(Outcome::Timeout, 3);
    let before = one;
    one.merge(&other);
    assert_eq!(one.total(), 10);
    assert_eq!(one.sum_of(&[Outcome::Timeout, Outcome::Network]), 3);
    one.unmerge(&other);
    assert_eq!(one, before);
}
