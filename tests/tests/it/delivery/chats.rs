//! Chats and Opsgenie: each gets the trigger and the resolve in its own form, whatever names a partner has.

use plimsoll_tests::{Recorded, binary};
use serde_json::{Value, json};

use crate::scene::{DATA_S, Scene, post, rows, text};

const KEY: &str = "eb243592-faa2-4ba2-a551-1afdf565c889";
const TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz_-01234";
/// A partner whose name looks like markup, a mention and a link.
const PARTNER: &str = "<b>a_b_*c* @all [x](http://e.example) 🦀";

/// A scene whose rule notifies a receiver of each kind.
async fn scene() -> Scene {
    let scene = Scene::new("ok").await;
    let url = scene.recorder.url();
    let receivers = format!(
        r#"receivers:
  - {{ name: teams, teams: {{ url: "{url}/teams" }} }}
  - {{ name: genie, opsgenie: {{ api_key: "{KEY}", url: "{url}/genie" }} }}
  - {{ name: space, google_chat: {{ url: "{url}/space?key=k&token=t" }} }}
  - {{ name: discord, discord: {{ url: "{url}/discord" }} }}
  - {{ name: matter, mattermost: {{ url: "{url}/matter" }} }}
  - {{ name: telegram, telegram: {{ token: "{TOKEN}", chat: -1001, url: "{url}/tg" }} }}
"#
    );
    scene.edit("receivers:\n", &receivers);
    scene.edit("[oncall, hub]", "[teams, genie, space, discord, matter, telegram]");
    scene
}

/// The trigger and the resolve that were sent to a path.
fn pair(scene: &Scene, path: &str) -> [Recorded; 2] {
    let requests = scene.recorder.requests_to(path);
    <[Recorded; 2]>::try_from(requests).unwrap_or_else(|found| panic!("{path}: {found:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_gets_the_trigger_and_the_resolve() {
    let scene = scene().await;
    let server = scene.start(&[]).await;
    let second = |second: i64| {
        let class = if (5..25).contains(&second) { "5xx" } else { "2xx" };
        json!({
            "stream": "requests", "partner": PARTNER, "start": scene.start_ms + second * 1_000,
            "step_s": 1, "outcomes": { class: 5 },
        })
    };
    let summaries: Vec<Value> = (0..DATA_S).map(second).collect();
    server.api().push(&json!({ "summaries": summaries })).await;
    scene.move_to(&server, 20).await;
    scene.move_to(&server, DATA_S).await;

    let telegram = format!("/tg/bot{TOKEN}/sendMessage");
    for (path, pointer) in [
        ("/teams", "/attachments/0/content/body/1/inlines/0/text"),
        ("/space", "/fallbackText"),
        ("/discord", "/content"),
        ("/matter", "/text"),
        (&telegram, "/text"),
    ] {
        let [trigger, resolve] = pair(&scene, path);
        let (began, ended) = (text(&trigger.body, pointer), text(&resolve.body, pointer));
        assert!(began.contains("5xx on 100% of requests"), "{path}: {began}");
        assert!(ended.contains("back to normal after"), "{path}: {ended}");
        let is_markup = path != "/teams" && path != "/space";
        assert!(!is_markup || !began.contains("@all"), "{path}: {began}");
    }
    let [trigger, resolve] = pair(&scene, "/space");
    assert_eq!(trigger.body["thread"], resolve.body["thread"]);

    let create = scene.recorder.requests_to("/genie/v2/alerts");
    assert_eq!(create.len(), 1);
    assert_eq!(create[0].header("authorization"), format!("GenieKey {KEY}"));
    let close = format!("/genie/v2/alerts/{}/close", text(&create[0].body, "/alias"));
    assert_eq!(scene.recorder.requests_to(&close).len(), 1, "{close}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_reaches_opsgenie_and_secrets_reach_no_record() {
    let scene = scene().await;
    let telegram = format!("/tg/bot{TOKEN}/sendMessage");
    scene.recorder.answer_next(&telegram, &[401]);
    let server = scene.start(&["--log-level", "debug"]).await;
    scene.store(&server, 1, |_| 0..DATA_S).await;
    scene.move_to(&server, 20).await;
    let alerts = server.api().get("/api/v1/alerts").await;
    let id = rows(&alerts, "alerts")[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/alerts/{id}/acknowledge");
    let (status, answer) = post(&server, &path, &json!({ "author": "ann" })).await;
    assert_eq!(status, 200, "{answer}");
    scene.move_to(&server, 22).await;
    let alias = scene.recorder.requests_to("/genie/v2/alerts")[0].body["alias"].clone();
    let path = format!("/genie/v2/alerts/{}/acknowledge", alias.as_str().expect("a text"));
    assert_eq!(scene.recorder.requests_to(&path).len(), 1, "{}", server.log());
    let dead = server.api().get("/api/v1/deliveries?state=dead").await;
    assert_eq!(rows(&dead, "deliveries").len(), 1, "{dead}");
    let deliveries = server.api().get("/api/v1/deliveries").await.to_string();
    let receivers = server.api().get("/api/v1/receivers").await.to_string();
    for shown in [&deliveries, &receivers, &server.log()] {
        for secret in [TOKEN, &TOKEN[10..], KEY, "token=t"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_reaches_every_kind_and_needs_leave_for_private_addresses() {
    let scene = scene().await;
    let rules = scene.rules.to_str().expect("a plain name").to_owned();
    let env = [("PD_KEY", "0123456789abcdef0123456789abcdef"), ("HUB_SECRET", "s")];
    for name in ["teams", "genie", "space", "discord", "matter", "telegram"] {
        let args = ["receivers", "test", name, "--rules", &rules];
        let denied = binary::run_with_env(&args, &env);
        let error = String::from_utf8_lossy(&denied.stderr);
        assert!(!denied.status.success() && error.contains("private"), "{name}: {error}");
        let args = [&args[..], &["--allow-private-receivers"]].concat();
        let sent = binary::run_with_env(&args, &env);
        assert!(sent.status.success(), "{name}: {}", String::from_utf8_lossy(&sent.stderr));
    }
    assert_eq!(scene.recorder.requests().len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_slack_resolves_in_the_thread_of_the_trigger_also_after_a_restart() {
    let scene = Scene::new("ok").await;
    let (url, path) = (scene.recorder.url(), "/api/chat.postMessage");
    let bot = format!(
        "receivers:\n  - {{ name: bot, slack: {{ token: xoxb-12-ab, channel: C0123456789, url: '{url}' }} }}\n"
    );
    scene.edit("receivers:\n", &bot);
    scene.edit("[oncall, hub]", "[bot]");
    scene
        .recorder
        .answer_with(path, r#"{"ok":true,"channel":"C0123456789","ts":"1503435956.000247"}"#);
    let server = scene.start(&[]).await;
    scene.store(&server, 1, |_| 5..30).await;
    scene.move_to(&server, 20).await;
    assert_eq!(scene.recorder.requests_to(path).len(), 1, "{}", server.log());
    assert!(server.terminate().success());
    let server = scene.start(&[]).await;
    scene.move_to(&server, DATA_S).await;
    let [trigger, resolve] = pair(&scene, path);
    assert_eq!(trigger.header("authorization"), "Bearer xoxb-12-ab");
    assert!(trigger.body.get("thread_ts").is_none(), "{}", trigger.text);
    assert_eq!(text(&resolve.body, "/thread_ts"), "1503435956.000247");
    assert!(text(&resolve.body, "/text").contains("back to normal"), "{}", resolve.text);
}
