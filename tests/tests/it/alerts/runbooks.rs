//! The runbook pages are served: as Markdown, and as HTML to a browser.

use std::process::Command;

use plimsoll_tests::{Server, api, clock};
use serde_json::json;

use crate::common::data_dir;

#[tokio::test(flavor = "multi_thread")]
async fn runbooks_are_served_as_html_and_markdown() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let get = |path: &str, accept: &str| {
        let request = server.api().request("GET", path).header("accept", accept);
        async { api::send(request).await.expect("answered") }
    };
    let list = get("/runbooks", "*/*").await;
    assert_eq!(list.status, 200);
    for line in list.text.lines().filter_map(|line| line.strip_prefix("- [")) {
        let (name, _) = line.split_once(']').expect("a link");
        let page = get(&format!("/runbooks/{name}"), "*/*").await;
        assert_eq!(page.status, 200, "{name}");
        assert!(page.text.starts_with("# ") && page.text.contains("## Triage"), "{name}");
    }
    let html = get("/runbooks/partner-5xx", "text/html,application/xhtml+xml;q=0.9").await;
    assert!(html.text.contains("<h2>Triage</h2>"), "{}", html.text);
    let missing = get("/runbooks/partner-99", "*/*").await;
    assert_eq!((missing.status, &missing.body["code"]), (404, &json!("not_found")));
    assert!(server.terminate().success());
}

/// The commands of a page: its lines that are indented as code.
fn commands(page: &str, base: &str) -> String {
    let code = |line: &'_ str| {
        let indent = line.len() - line.trim_start().len();
        ((indent == 4 || indent >= 7) && !line.trim_start().starts_with("- "))
            .then(|| line.to_owned())
    };
    let lines: Vec<String> = page.lines().filter_map(code).collect();
    lines
        .join("\n")
        .replace("http://127.0.0.1:8585", base)
        .replace("curl -s ", "curl -sS --fail-with-body ")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_every_runbook_answer() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let streams =
        ["requests", "webhooks", "tracking", "exceptions", "order_to_ship", "label_creation"];
    let now = clock::now_ms();
    let event = |partner: &str, stream: &&str| json!({"stream": stream, "partner": partner, "at": now, "outcome": "success"});
    let events: Vec<_> = ["dhl", "shopify"]
        .into_iter()
        .flat_map(|partner| streams.iter().map(move |stream| event(partner, stream)))
        .collect();
    server.api().push(&json!({"events": events})).await;
    let list = server.api().try_get("/runbooks").await;
    let names = list.text.lines().filter_map(|line| line.strip_prefix("- [")?.split(']').next());
    for name in names {
        let page = server.api().try_get(&format!("/runbooks/{name}")).await;
        let script = commands(&page.text, server.base());
        let shell = Command::new("bash").args(["-e", "-o", "pipefail", "-c", &script]).output();
        let output = shell.expect("bash");
        let printed = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {printed}\n{errors}\n{script}");
        assert!(!printed.trim().is_empty(), "{name} prints nothing");
    }
}
