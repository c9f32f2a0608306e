//! A preview shows what a receiver would get, and its links open; nobody is notified.

use plimsoll_tests::binary;

use crate::scene::{ENQUEUE, PATIENCE, ROUTING_KEY, SECRET, Scene, text};

fn preview(args: &[&str]) -> (bool, String) {
    let env = [("PD_KEY", ROUTING_KEY), ("HUB_SECRET", SECRET)];
    let output = binary::run_with_env(&[&["receivers", "preview"], args].concat(), &env);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_a_rules_file_has_the_message_without_secrets() {
    let scene = Scene::new("ok").await;
    let rules = scene.rules.to_str().expect("a plain name");
    let (is_good, shown) = preview(&["oncall", "--rules", rules]);
    assert!(is_good, "{shown}");
    assert!(shown.starts_with(&format!("to: {}{ENQUEUE}\n", scene.recorder.url())), "{shown}");
    assert!(shown.contains("\"summary\": \"dhl create_label at ams1"), "{shown}");
    assert!(shown.contains("\"routing_key\": \"***\""), "{shown}");
    let args = ["hub", "--rules", rules, "--cause", "never-seen"];
    let (is_good, hook) = preview(&args);
    assert!(is_good && hook.contains("webhook-signature: ***"), "{hook}");
    assert!(hook.contains("no tracking has ever come"), "{hook}");
    assert!(!shown.contains(ROUTING_KEY) && !hook.contains(SECRET), "{shown}{hook}");
    for (args, reason) in [
        (&["nobody", "--rules", rules][..], "the rules file has no receiver \"nobody\""),
        (&["hub", "--rules", rules, "--cause", "never_seen"], "never-seen"),
        (&["hub", "--rules", rules, "--alert", "1"], "--url"),
    ] {
        let (is_good, output) = preview(args);
        assert!(!is_good && output.contains(reason), "{args:?}: {output}");
    }
    assert_eq!(scene.recorder.requests().len(), 0, "nothing is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_an_alert_is_what_was_sent_and_its_links_open() {
    let scene = Scene::new("keep").await;
    let server = scene.start(&[]).await;
    scene.store(&server, 1, |_| 5..60).await;
    scene.move_to(&server, 20).await;
    assert!(scene.recorder.wait_for(ENQUEUE, 1, PATIENCE).await, "{}", server.log());
    let sent = scene.recorder.requests_to(ENQUEUE)[0].body.clone();
    let alerts = server.api().get("/api/v1/alerts?state=firing").await;
    let id = text(&alerts, "/alerts/0/id").to_owned();
    let (is_good, shown) = preview(&["oncall", "--url", server.base(), "--alert", &id]);
    assert!(is_good, "{shown}");
    let line = text(&sent, "/payload/summary");
    let who = line.split(':').next().unwrap_or_default();
    assert!(line.contains(". First: ") && shown.contains(&format!("\"summary\": \"{who}: ")));

    let body = server.api().get(&format!("/api/v1/receivers/hub/preview?alert={id}")).await;
    assert_eq!(body["kind"], "webhook");
    // The links of the captured notification and of the preview, at this server.
    let captured = [sent.to_string(), scene.recorder.requests()[0].text.clone(), body.to_string()];
    let mut opened = 0;
    for text in &captured {
        for rest in text.split(server.base()).skip(1) {
            let path = rest.split(['"', '\\', ' ']).next().unwrap_or_default();
            // Calls of the API are in commands, with variables of the shell.
            if path.starts_with("/api/") {
                continue;
            }
            let request = server.api().request("GET", path).header("accept", "text/html");
            let answer = plimsoll_tests::api::send(request).await.expect("an answer");
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            opened += 1;
        }
    }
    assert!(opened >= 6, "{captured:?}");
    let requests = scene.recorder.requests().len();
    assert_eq!(requests, 2, "a preview sends nothing");
    let unknown = server.api().request("GET", "/api/v1/receivers/nobody/preview");
    let unknown = plimsoll_tests::api::send(unknown).await.expect("an answer");
    assert_eq!(unknown.status, 404, "{}", unknown.body);
}
