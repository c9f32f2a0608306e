//! Access: keys with their scopes and partners, the addresses of a server, and pages of other sites.

mod keys;
mod modes;
mod other_sites;
mod partners;
mod scopes;

use std::path::Path;
use std::process::Command;

use plimsoll_tests::{Answer, Api, api, binary};

/// Makes a key in a data directory; returns its text.
fn key(data_dir: &Path, args: &[&str]) -> String {
    let output = Command::new(binary::path())
        .args(["keys", "create", "--name", "test", "--data-dir"])
        .arg(data_dir)
        .args(args)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// The answer to a request with a key.
async fn with_key(api: &Api, key: &str, method: &str, path: &str) -> Answer {
    api::send(api.request(method, path).bearer_auth(key)).await.expect("an answer")
}

fn code(answer: &Answer) -> &str {
    answer.body["code"].as_str().unwrap_or_default()
}
