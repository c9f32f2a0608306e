use super::*;

#[test]
fn only_addresses_of_the_public_internet_pass() {
    let rejected = [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "100.100.100.200",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.0.8",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::7f00:1",
        "2001:db8::1",
        "2001:0:7f00:1::",
    ];
    for text in rejected {
        assert!(!is_public(text.parse().unwrap()), "{text}");
    }
    for text in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn every_notation_of_a_private_address_is_found() {
    let rejected = [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]:80/",
        "https://[::ffff:10.0.0.1]/x",
    ];
    for url in rejected {
        assert!(private_host(url).is_some(), "{url}");
    }
    for url in ["https://events.pagerduty.com", "http://1.1.1.1/", "not a url"] {
        assert_eq!(private_host(url), None, "{url}");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_rejected() {
    let rejected = PublicOnly.resolve("localhost".parse().unwrap()).await;
    assert!(rejected.is_err());
}
