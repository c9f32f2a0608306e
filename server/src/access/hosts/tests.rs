use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

#[test]
fn only_loopback_the_own_address_and_given_names_are_hosts() {
    let listen = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));
    let hosts =
        Hosts::new(listen, &["Plimsoll.internal".into()], Some("https://status.example:8443/x"));
    for host in [
        "localhost",
        "plimsoll:8585",
        "LOCALHOST:8585",
        "localhost.",
        "127.0.0.1:8585",
        "127.9.9.9",
        "[::1]:8585",
        "[::1]",
        "10.1.2.3:8585",
        "plimsoll.internal:80",
        "status.example",
        "status.example:8443",
    ] {
        assert!(hosts.accept(host), "{host}");
    }
    for host in [
        "",
        ":8585",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.1.2.4",
        "[::2]",
        "plimsoll.internal.evil.example",
        "localhost@evil.example",
        "localhost:80:90",
        "localhost/x",
    ] {
        assert!(!hosts.accept(host), "{host}");
    }
    let everywhere = Hosts::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), &[], None);
    assert!(everywhere.accept("192.168.1.7:8585") && everywhere.accept("[fd00::1]:8585"));
    assert!(!everywhere.accept("rebound.example"));
}

#[test]
fn an_origin_is_ours_when_it_is_the_host_or_the_external_url() {
    let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let hosts = Hosts::new(listen, &[], Some("https://status.example/plimsoll"));
    assert!(hosts.is_own_origin("http://127.0.0.1:8585", "127.0.0.1:8585"));
    assert!(hosts.is_own_origin("https://Status.example", "127.0.0.1:8585"));
    for origin in [
        "null",
        "http://127.0.0.1:9000",
        "http://evil.example",
        "https://status.example:1",
        "",
        "http://",
    ] {
        assert!(!hosts.is_own_origin(origin, "127.0.0.1:8585"), "{origin}");
    }
}
