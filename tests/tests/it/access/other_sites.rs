//! Pages of other sites can neither ask this server nor change anything.

use plimsoll_tests::{Answer, Server, api};
use serde_json::json;

use crate::common::data_dir;

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_are_refused_and_programs_are_not() {
    let dir = data_dir();
    let args = ["--external-url", "https://status.example", "--allowed-host", "plimsoll.internal"];
    let server = Server::start(dir.path(), &args).await;
    let send = async |method: &str, path: &str, headers: &[(&str, &str)]| -> Answer {
        let mut request = server.api().request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        api::send(request).await.expect("an answer")
    };
    for (host, status) in [
        ("rebound.example", 421),
        ("127.0.0.1.rebound.example:8585", 421),
        ("localhost:1", 200),
        ("status.example", 200),
        ("plimsoll.internal:8585", 200),
    ] {
        for path in ["/api/v1/partners", "/livez", "/"] {
            let answer = send("GET", path, &[("host", host)]).await;
            assert_eq!(answer.status == 421, status == 421, "{host} {path}: {}", answer.text);
        }
    }
    let silence =
        json!({ "author": "ann", "reason": "call", "match": {"partner": "dhl"}, "for": "1h" });
    let post = async |headers: &[(&str, &str)]| {
        let mut request =
            server.api().request("POST", "/api/v1/silences").body(silence.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        api::send(request).await.expect("an answer").status
    };
    let json = ("content-type", "application/json");
    let own = server.base().to_owned();
    for (headers, refused) in [
        (&[json][..], None),
        (&[json, ("origin", &own)], None),
        (&[json, ("origin", "https://status.example")], None),
        (&[json, ("sec-fetch-site", "same-origin")], None),
        (&[json, ("origin", "https://evil.example")], Some(403)),
        (&[json, ("origin", "null")], Some(403)),
        (&[json, ("origin", "https://status.example.evil.example")], Some(403)),
        (&[json, ("sec-fetch-site", "cross-site")], Some(403)),
        (&[("content-type", "text/plain")], Some(415)),
        (&[("content-type", "application/x-www-form-urlencoded")], Some(415)),
        (&[("content-type", "text/plain"), ("origin", "https://evil.example")], Some(403)),
        (&[("host", "rebound.example"), json], Some(421)),
    ] {
        let status = post(headers).await;
        match refused {
            Some(refused) => assert_eq!(status, refused, "{headers:?}"),
            None => assert!(!matches!(status, 403 | 415 | 421), "{status} {headers:?}"),
        }
    }
}
