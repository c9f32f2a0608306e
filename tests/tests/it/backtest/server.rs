//! Backtests on a running server: jobs, cancellation, and the same result as on the command line.

use plimsoll_tests::{Server, binary, clock};
use serde_json::{Value, json};

use super::{MINUTE_MS, RULES, SLOT_MS, SLOTS, Traffic, World, text};
use crate::common::data_dir;

/// Enough for a backtest to take a while: a day and a half of twelve partners.
async fn push_much(server: &Server) {
    let start_ms = clock::aligned_ms(40 * 60 * MINUTE_MS, MINUTE_MS);
    for hour in 0..36 {
        let mut lines = String::new();
        for slot in hour * 360..(hour + 1) * 360 {
            for partner in 0..12 {
                let line = json!({
                    "type": "summary", "stream": "requests", "partner": format!("partner-{partner}"),
                    "start": start_ms + slot * SLOT_MS, "step_s": 10, "outcomes": { "2xx": 9, "5xx": 1 },
                });
                lines.push_str(&line.to_string());
                lines.push('\n');
            }
        }
        let request = server.api().request("POST", "/api/v1/push");
        let request = request.header("content-type", "application/x-ndjson").body(lines);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_backtest_can_be_cancelled_and_the_next_one_starts() {
    let folder = data_dir();
    let server = Server::start(&folder.path().join("data"), &[]).await;
    push_much(&server).await;
    let post = async |body: Value| {
        let request = server.api().request("POST", "/api/v1/backtests").json(&body);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.text);
        format!("/api/v1/backtests/{}", answer.body["id"].as_str().expect("an id"))
    };
    let path = post(json!({})).await;
    let next = post(json!({ "partners": ["partner-3"] })).await;
    let halfway = loop {
        let job = server.api().get(&path).await;
        assert!(job["state"] == "queued" || job["state"] == "running", "it is over: {job}");
        if job["progress"].as_f64().expect("a number") > 0.0 {
            break job;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(halfway["state"], "running");
    let request = server.api().request("DELETE", &path);
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
    let ended = async |path: &str| {
        let request = server.api().request("GET", path).header("prefer", "wait=30");
        plimsoll_tests::api::send(request).await.expect("an answer").body
    };
    let job = ended(&path).await;
    assert_eq!((&job["state"], &job["result"]), (&json!("cancelled"), &Value::Null), "{job}");
    assert!(job["progress"].as_f64().expect("a number") < 1.0, "{job}");
    assert_eq!(ended(&next).await["state"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_backtests_its_stored_data() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let server = Server::start(&world.dir.path().join("data"), &[]).await;
    for summaries in traffic.summaries.chunks(500) {
        server.api().push(&json!({ "summaries": summaries })).await;
    }
    let (recorded, _) = world.alerts(&["--input", &input]);
    let url = server.base().to_owned();
    let (remote, error) = world.alerts(&["--url", &url]);
    assert_eq!(remote, recorded, "{error}");
    let rejected = world.backtest(&["--url", &url, "--format", "transitions"]);
    let error_text = text(&rejected.stderr);
    assert!(!rejected.status.success() && error_text.contains("plimsoll backup"), "{error_text}");
    let page = text(&world.backtest(&["--url", &url, "--format", "html"]).stdout).to_owned();
    let charts = page.matches("<svg").count();
    assert!(
        page.starts_with("<!doctype html>") && charts > recorded.len(),
        "{charts}: {page:.300}"
    );
    let (rows, _) = world.alerts(&["--url", &url, "--format", "table"]);
    assert!(rows.iter().any(|row| row.contains("partner-5xx") && row.contains("dhl")), "{rows:?}");
    // A secret that is a file of the server is not read.
    let rules = RULES.replace("{ env: HUB_KEY }", "{ file: /etc/hostname }");
    let request = server.api().request("POST", "/api/v1/backtests");
    let request = request.json(&json!({ "rules": rules, "partners": ["ups"] }));
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.text);
    let path = format!("/api/v1/backtests/{}", answer.body["id"].as_str().expect("an id"));
    let request = server.api().request("GET", &path).header("prefer", "wait=30");
    let job = plimsoll_tests::api::send(request).await.expect("an answer").body;
    assert_eq!((&job["state"], &job["progress"]), (&json!("done"), &json!(1.0)), "{job}");
    assert_eq!(job["result"]["alerts"], json!([]));
    assert_eq!(job["result"]["cells"], SLOTS);
    for (body, part) in [
        (json!({ "rules": "rules: [{ name: x }]" }), "rules"),
        (json!({ "from": "soon" }), "from"),
        (
            json!({ "from": "2026-11-21T00:00:00Z", "to": "2026-11-20T00:00:00Z" }),
            "`to`: must lie after",
        ),
        (json!({ "colour": "red" }), "colour"),
    ] {
        let request = server.api().request("POST", "/api/v1/backtests").json(&body);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert!(answer.status == 400 && answer.text.contains(part), "{body}: {}", answer.text);
    }
    for status in [200, 404] {
        let request = server.api().request("DELETE", &path);
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        assert_eq!(answer.status, status);
    }
}

/// What commands over stored data print, by their arguments.
fn printed(world: &World, source: &[&str]) -> Vec<(String, String)> {
    let repository = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let pack = format!("{repository}/alerting/packs/default.yaml");
    let example = format!("{repository}/examples/rules.yaml");
    let (own, strict) = (world.path("rules.yaml"), world.path("strict.yaml"));
    let sweep = ["--sweep", "rule=partner-5xx", "threshold=5%,20%,90%", "for=2m,50m"];
    let signal = "{ ratio: { of: [5xx, 401_403], stream: requests } }";
    let commands = [
        vec!["backtest", "--rules", &own],
        vec!["backtest", "--rules", &pack],
        vec!["backtest", "--rules", &example],
        vec!["backtest", "--rules", &own, "--partner", "ups"],
        vec!["backtest", "--rules", &own, "--against", &strict],
        [&["backtest", "--rules", &own][..], &sweep].concat(),
        vec!["suggest", "--signal", signal, "--partner", "dhl"],
        vec!["suggest", "--signal", "{ gauge: { name: depth } }", "--partner", "dhl"],
    ];
    let formats = ["table", "json"].map(|format| ["--format", format]);
    let runs = commands.iter().flat_map(|command| formats.map(|format| (command, format)));
    let run = |(command, format): (&Vec<&str>, [&str; 2])| {
        let command = [&command[..], source, &format].concat();
        let output = binary::run(&command);
        assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
        (command.join(" ").replace(&source.join(" "), ""), text(&output.stdout))
    };
    runs.map(run).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_finds_what_its_data_directory_holds() {
    let (world, traffic) = (World::new(), Traffic::generate());
    world.write("strict.yaml", RULES.replace("> 5%", "> 25%").as_bytes());
    let data = world.path("data");
    let server = Server::start(&world.dir.path().join("data"), &[]).await;
    for summaries in traffic.summaries.chunks(500) {
        server.api().push(&json!({ "summaries": summaries })).await;
    }
    let gauges: Vec<Value> = (0..60)
        .map(|minute| {
            json!({ "name": "depth", "partner": "dhl", "value": minute % 7,
                "at": traffic.end_of(minute * 6) })
        })
        .collect();
    server.api().push(&json!({ "gauges": gauges })).await;
    let remote = printed(&world, &["--url", server.base()]);
    assert!(server.terminate().success());
    let local = printed(&world, &["--data-dir", &data]);
    for (remote, local) in remote.into_iter().zip(local) {
        assert_eq!(remote, local);
        assert!(!local.1.trim().is_empty() || local.0.contains("ups"), "{local:?}");
    }
}
