//! Pages for people: every link of a notification opens one, and nothing from outside is read as HTML.

use plimsoll_tests::{Answer, Server, api, clock};
use serde_json::{Value, json};

use crate::scene::{ENQUEUE, HOOK, PATIENCE, Scene};

async fn page(server: &Server, path: &str) -> Answer {
    let request = server.api().request("GET", path).header("accept", "text/html");
    api::send(request).await.expect("answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_of_a_notification_opens_a_page_about_the_fault() {
    let scene = Scene::new("ok").await;
    scene.edit("https://runbooks.example/partner-5xx", "partner-5xx");
    let server = scene.start(&[]).await;
    let second = |second: i64, (operation, site): (&str, &str)| {
        let fails = (30..60).contains(&second) && (operation, site) == ("create_label", "ams1");
        json!({
            "stream": "requests", "partner": "dhl & <b>co</b>", "operation": operation, "site": site,
            "start": scene.start_ms + second * 1_000, "step_s": 1,
            "outcomes": if fails { json!({"5xx": 4, "2xx": 6}) } else { json!({"2xx": 10}) },
        })
    };
    let parts = [("create_label", "ams1"), ("create_label", "fra1"), ("rates", "ams1")];
    let summaries: Vec<Value> = (0..60).flat_map(|at| parts.map(|part| second(at, part))).collect();
    server.api().push(&json!({ "summaries": summaries })).await;
    scene.move_to(&server, 45).await;
    assert!(scene.recorder.wait_for(ENQUEUE, 1, PATIENCE).await, "{}", server.log());
    assert!(scene.recorder.wait_for(HOOK, 1, PATIENCE).await, "{}", server.log());

    let incident = scene.recorder.requests_to(ENQUEUE).remove(0).body;
    let summary = incident["payload"]["summary"].as_str().expect("a summary");
    let who = "dhl & <b>co</b> create_label at ams1: 5xx on 40% of requests (";
    assert!(summary.starts_with(who), "{summary}");
    let alert = scene.recorder.requests_to(HOOK).remove(0).body["data"]["alert"].clone();
    let onset = clock::parse_ms(alert["onset_at"].as_str().expect("a time"));
    assert!((onset - scene.start_ms - 30_000).abs() <= 1_000, "{alert}");
    assert!(
        alert["where"][0].as_str().is_some_and(|it| it.starts_with("operation create_label: 20%"))
    );

    let mut addresses: Vec<String> = incident["links"]
        .as_array()
        .expect("links")
        .iter()
        .map(|link| link["href"].as_str().expect("an address").to_owned())
        .collect();
    assert_eq!(addresses.len(), 3, "{incident}");
    addresses.push(incident["client_url"].as_str().expect("an address").to_owned());
    addresses.push(alert["links"]["alert"].as_str().expect("an address").to_owned());
    for address in addresses {
        let path = address.strip_prefix(server.base()).expect("an address of this server");
        let page = page(&server, path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert!(page.text.contains("dhl &amp; &lt;b&gt;co&lt;/b&gt;"), "{path}: {}", page.text);
        assert!(!page.text.contains("<b>co"), "{path}: {}", page.text);
    }
    let runbook = alert["links"]["runbook"].as_str().expect("a runbook");
    let path = runbook.strip_prefix(server.base()).expect("an address of this server");
    let filled = server.api().try_get(path).await.text;
    let api =
        format!("API={}/api/v1; P=dhl%20%26%20%3Cb%3Eco%3C%2Fb%3E; E=production", server.base());
    assert!(filled.contains(&api), "{filled}");
    assert!(
        filled.contains("## This case") && filled.contains("First: Check the network of ams1"),
        "{filled}"
    );

    let unknown = page(&server, "/alerts/0123").await;
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &json!("not_found")));
    assert!(server.terminate().success());
}
