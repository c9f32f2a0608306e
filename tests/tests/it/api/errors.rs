//! Every error of every path is a problem in JSON.

use plimsoll_tests::{Server, api};

use crate::common::data_dir;

const METHODS: [&str; 9] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X"];
/// Values of a parameter in a path: no text, text that names nothing, and escapes of separators.
const VALUES: [&str; 9] =
    ["%ff", "%C3%28", "a%80", "%ED%A0%80", "%00", "%zz", "no%2Fsuch", "..", "%F0%9F%98%80"];

#[tokio::test(flavor = "multi_thread")]
async fn every_error_of_every_path_is_a_problem() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &["--durability", "wal"]).await;
    let description = server.api().get("/openapi.json").await;
    let described = description["paths"].as_object().expect("paths").keys();
    let mut paths: Vec<&str> = described.map(String::as_str).collect();
    paths.extend(["/none/{such}", "/{x}"]);
    let mut errors = 0;
    for path in paths {
        let Some((before, rest)) = path.split_once('{') else {
            for method in METHODS {
                errors += usize::from(is_problem(&server, method, path).await);
            }
            continue;
        };
        let after = rest.split_once('}').map_or("", |(_, after)| after);
        for value in VALUES {
            let path = format!("{before}{value}{after}");
            for method in METHODS {
                errors += usize::from(is_problem(&server, method, &path).await);
            }
        }
    }
    assert!(errors > 500, "{errors} errors");
}

/// Whether an answer is an error, which must be a problem.
async fn is_problem(server: &Server, method: &str, path: &str) -> bool {
    let request = server.api().request(method, path);
    let answer =
        api::send(request).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    if answer.status < 400 {
        return false;
    }
    let about = format!("{method} {path}: {} {}", answer.status, answer.text);
    assert!(answer.status < 500, "{about}");
    assert_eq!(answer.content_type, "application/problem+json", "{about}");
    assert_eq!(answer.body["status"], answer.status, "{about}");
    assert!(answer.body["code"].is_string() && answer.body["detail"].is_string(), "{about}");
    true
}
