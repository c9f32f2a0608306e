//! Keys are made, listed, rotated and revoked, over HTTP and on the command line.

use std::process::Command;

use plimsoll_tests::{Answer, Server, api, binary};
use serde_json::{Value, json};

use super::{code, key, with_key};
use crate::common::data_dir;

const PATH: &str = "/api/v1/partners";

async fn send(server: &Server, key: &str, path: &str, body: Value) -> Answer {
    let request = server.api().request("POST", path).bearer_auth(key).json(&body);
    api::send(request).await.expect("an answer")
}

fn text(answer: &Answer, field: &str) -> String {
    answer.body[field].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_rotated_and_revoked_over_http() {
    let dir = data_dir();
    let admin = key(dir.path(), &["--scope", "admin"]);
    let server = Server::start(dir.path(), &[]).await;
    let wanted = json!({ "name": "ops", "scopes": ["read"], "expires_in": "30d" });
    let made = send(&server, &admin, "/api/v1/keys", wanted).await;
    let (first, id) = (text(&made, "key"), text(&made, "id"));
    assert_eq!(with_key(server.api(), &first, "GET", PATH).await.status, 200);
    let rotated =
        send(&server, &admin, &format!("/api/v1/keys/{id}/rotate"), json!({"overlap": "1h"})).await;
    let second = text(&rotated, "key");
    assert_eq!(rotated.body["scopes"], json!(["read"]));
    for key in [&first, &second] {
        assert_eq!(with_key(server.api(), key, "GET", PATH).await.status, 200);
    }
    for key_id in [&id, &text(&rotated, "id")] {
        let path = format!("/api/v1/keys/{key_id}");
        assert_eq!(with_key(server.api(), &admin, "DELETE", &path).await.status, 200);
    }
    for key in [&first, &second] {
        let refused = with_key(server.api(), key, "GET", PATH).await;
        assert_eq!((refused.status, code(&refused)), (401, "key_denied"), "{}", refused.text);
        assert!(refused.text.contains("revoked"));
    }
    let listed = with_key(server.api(), &admin, "GET", "/api/v1/keys").await;
    assert_eq!(listed.body["keys"].as_array().map(Vec::len), Some(3), "{}", listed.text);
    assert!(!listed.text.contains("pls_"), "{}", listed.text);
    for (body, says) in [
        (json!({ "name": "", "scopes": ["read"] }), "name"),
        (json!({ "name": "a", "scopes": [] }), "scopes"),
        (json!({ "name": "a", "scopes": ["write"] }), "scopes"),
        (json!({ "name": "a", "scopes": ["read"], "expires_in": "0s" }), "expires"),
        (json!({ "name": "a", "scopes": ["read"], "expires_in": "soon" }), "expires_in"),
        (json!({ "name": "a", "scopes": ["read"], "partners": [""] }), "partners"),
        (json!({ "name": "a", "scopes": ["read"], "partner": "dhl" }), "partner"),
    ] {
        let refused = send(&server, &admin, "/api/v1/keys", body.clone()).await;
        assert!(matches!(refused.status, 400 | 422), "{body}: {}", refused.text);
        assert!(refused.text.contains(says), "{body}: {}", refused.text);
    }
    // Nothing of it is lost when the process is killed.
    server.kill();
    let server = Server::start(dir.path(), &[]).await;
    assert_eq!(with_key(server.api(), &second, "GET", PATH).await.status, 401);
    assert_eq!(with_key(server.api(), &admin, "GET", "/api/v1/keys").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_key_is_refused_and_the_command_line_reaches_a_server_with_a_key() {
    let dir = data_dir();
    let short = key(dir.path(), &["--scope", "read", "--expires", "1ms"]);
    let admin = key(dir.path(), &["--scope", "admin"]);
    let server = Server::start(dir.path(), &[]).await;
    let refused = with_key(server.api(), &short, "GET", PATH).await;
    assert_eq!((refused.status, code(&refused)), (401, "key_denied"));
    assert!(refused.text.contains("expired"), "{}", refused.text);
    let run = |key: &str, args: &[&str]| {
        let output = Command::new(binary::path())
            .arg("keys")
            .args(args)
            .args(["--url", server.base()])
            .env("PLIMSOLL_KEY", key)
            .output()
            .expect("the binary runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).expect("text"))
    };
    let (is_made, made) = run(&admin, &["create", "--name", "more", "--scope", "read"]);
    assert!(is_made && made.starts_with("pls_"), "{made}");
    let key = made.lines().next().expect("a line");
    assert_eq!(with_key(server.api(), key, "GET", PATH).await.status, 200);
    let (_, listed) = run(&admin, &["list"]);
    assert!(listed.contains("more") && listed.contains("expired"), "{listed}");
    let (is_listed, refused) = run(key, &["list"]);
    assert!(!is_listed && refused.contains("scope"), "{refused}");
    assert!(run(&admin, &["revoke", &key[4..12]]).0);
    assert_eq!(with_key(server.api(), key, "GET", PATH).await.status, 401);
}
