use std::time::Duration;

use super::*;

fn table(all_max: usize, per_address_max: usize) -> Arc<Table> {
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let limits = ConnectionLimits {
        all_max,
        per_address_max,
        request_timeout: second,
        response_timeout: second,
        idle_timeout: minute,
    };
    Table::new(limits, ConnectionMetrics::default())
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn free(table: &Arc<Table>, last: u8) -> Place {
    match table.admit(address(last)) {
        Admitted::Free(place) => place,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_connection_without_a_request_for_the_longest_time_makes_room() {
    let table = table(3, 3);
    let (first, second, third) = (free(&table, 1), free(&table, 2), free(&table, 3));
    assert!(first.begin_request());
    first.end_request();
    assert!(matches!(table.admit(address(4)), Admitted::Evicting(_)));
    assert!(!second.begin_request(), "it was evicted");
    assert!(first.begin_request() && third.begin_request());
}

#[test]
fn a_connection_with_a_request_is_never_closed_for_another() {
    let table = table(2, 2);
    let (first, second) = (free(&table, 1), free(&table, 2));
    assert!(first.begin_request() && second.begin_request());
    assert!(matches!(table.admit(address(3)), Admitted::Full));
    drop(first);
    assert!(matches!(table.admit(address(3)), Admitted::Free(_)));
}

#[test]
fn an_address_with_all_its_connections_takes_no_place_of_another() {
    let table = table(10, 2);
    let (first, other) = (free(&table, 1), free(&table, 2));
    let second = free(&table, 1);
    assert!(second.begin_request());
    assert!(matches!(table.admit(address(1)), Admitted::Evicting(_)));
    assert!(!first.begin_request() && other.begin_request());
    assert_eq!(table.open(), 2, "the evicting place was dropped at once");
}

#[test]
fn a_network_of_64_bits_counts_as_one_address() {
    let network_of = |text: &str| network(text.parse().expect("an address"));
    assert_eq!(network_of("2001:db8::1"), network_of("2001:db8::ffff:2"));
    assert_ne!(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
    assert_eq!(network_of("::ffff:192.0.2.1"), address(1));
}
