//! Every call of the API takes the scope that its description names, and no other.

use plimsoll_tests::{Server, api};
use serde_json::Value;

use super::{code, key, with_key};
use crate::common::data_dir;

const SCOPES: [&str; 5] = ["push", "read", "ids", "operate", "admin"];

/// The calls of a description: method, path with examples, and the scope; `None` for calls without a key.
fn calls(description: &Value) -> Vec<(String, String, Option<String>)> {
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, call) in methods.as_object().expect("methods") {
            let mut path = path.clone();
            for parameter in call["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    let name = parameter["name"].as_str().expect("a name");
                    let example = parameter["example"].as_str().expect("an example");
                    path = path.replace(&format!("{{{name}}}"), example);
                }
            }
            let security = call["security"].as_array().expect("what it takes");
            let scope = security.iter().find_map(|one| one["key"][0].as_str());
            found.push((method.to_uppercase(), path, scope.map(str::to_owned)));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_takes_its_scope_and_no_other() {
    let dir = data_dir();
    let keys = SCOPES.map(|scope| (scope, key(dir.path(), &["--scope", scope])));
    let server = Server::start(dir.path(), &[]).await;
    let api = server.api();
    let calls = calls(&api.get("/openapi.json").await);
    assert!(calls.len() > 40, "{}", calls.len());
    assert!(calls.iter().filter(|(_, _, scope)| scope.is_none()).count() < 6);
    for (method, path, scope) in &calls {
        let without = api::send(api.request(method, path)).await.expect("an answer");
        let about = format!("{method} {path}");
        assert_eq!(
            without.status == 401 && code(&without) == "key_missing",
            scope.is_some(),
            "{about}"
        );
        for (has, key) in &keys {
            let answer = with_key(api, key, method, path).await;
            let is_refused = scope.as_deref().is_some_and(|scope| scope != *has);
            let code = code(&answer);
            assert_eq!(code == "scope_missing", is_refused, "{about} with {has}: {}", answer.text);
            assert_eq!(answer.status == 403, is_refused, "{about} with {has}: {}", answer.text);
            assert_ne!(code, "key_denied", "{about} with {has}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_from_each_header_that_clients_have() {
    let dir = data_dir();
    let key = key(dir.path(), &["--scope", "read"]);
    let server = Server::start(dir.path(), &[]).await;
    let get = || server.api().request("GET", "/api/v1/partners");
    for request in [
        get().bearer_auth(&key),
        get().header("x-api-key", &key),
        get().basic_auth("anybody", Some(&key)),
    ] {
        assert_eq!(api::send(request).await.expect("an answer").status, 200);
    }
    let mut mistyped = key.clone().into_bytes();
    mistyped[20] = if mistyped[20] == b'a' { b'b' } else { b'a' };
    let mistyped = String::from_utf8(mistyped).expect("text");
    for request in [
        get(),
        get().bearer_auth(&mistyped),
        get().header("authorization", "Bearer"),
        get().basic_auth(&key, None::<&str>),
    ] {
        let answer = api::send(request).await.expect("an answer");
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert!(!answer.text.contains(&key[13..45]), "{}", answer.text);
    }
    assert!(!server.log().contains(&key[13..45]));
}
