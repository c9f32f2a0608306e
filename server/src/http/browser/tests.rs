use std::net::{IpAddr, Ipv4Addr};

use axum::response::IntoResponse;

use super::*;

/// The status of a request with these headers.
fn status(method: &Method, headers: &[(&'static str, &str)]) -> u16 {
    let hosts = Hosts::new(IpAddr::V4(Ipv4Addr::LOCALHOST), &[], Some("https://status.example"));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).expect("a header"));
    }
    let refused = check(&hosts, method, None, &map).err();
    refused.map_or(200, |error| error.into_response().status().as_u16())
}

#[test]
fn a_foreign_host_is_refused_whatever_is_asked() {
    for method in [Method::GET, Method::POST] {
        assert_eq!(status(&method, &[("host", "rebound.example:8585")]), 421);
        let both = [("host", "127.0.0.1:8585"), ("host", "rebound.example")];
        assert_eq!(status(&method, &both), 421);
        assert_eq!(status(&method, &[("host", "127.0.0.1:8585")]), 200);
    }
}

#[test]
fn only_pages_of_this_server_may_change_something() {
    let host = ("host", "127.0.0.1:8585");
    let json = ("content-type", "application/json");
    for (headers, expected) in [
        (&[host, json][..], 200),
        (&[host], 200),
        (&[host, json, ("origin", "http://127.0.0.1:8585")], 200),
        (&[host, json, ("origin", "https://status.example")], 200),
        (&[host, json, ("origin", "http://evil.example")], 403),
        (&[host, json, ("origin", "http://127.0.0.1:9000")], 403),
        (&[host, json, ("origin", "null")], 403),
        (&[host, ("origin", "null")], 403),
        (&[host, json, ("sec-fetch-site", "cross-site")], 403),
        (&[host, json, ("sec-fetch-site", "same-site")], 403),
        (&[host, json, ("sec-fetch-site", "same-origin")], 200),
        (&[host, json, ("sec-fetch-site", "none")], 200),
        (&[host, ("content-type", "text/plain;charset=UTF-8")], 415),
        (&[host, ("content-type", "Application/X-WWW-Form-Urlencoded")], 415),
        (&[host, ("content-type", "multipart/form-data; boundary=x")], 415),
    ] {
        assert_eq!(status(&Method::POST, headers), expected, "{headers:?}");
        assert_eq!(status(&Method::GET, headers), 200, "{headers:?}");
    }
}
