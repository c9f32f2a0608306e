//! The runbook pages are served: as Markdown, and as HTML to a browser.

use plimsoll_tests::{Server, api};

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
    assert_eq!((missing.status, &missing.body["code"]), (404, &serde_json::json!("not_found")));
    assert!(server.terminate().success());
}
