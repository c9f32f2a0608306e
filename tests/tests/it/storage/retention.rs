//! Data older than every retention is rejected with a reason; data that only roll-ups keep is accepted.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use plimsoll_tests::{ManualClock, Server, binary, clock};
use serde_json::json;

use crate::common::{counts_of, data_dir, event, text_of};

const DAY_MS: i64 = 86_400_000;
/// A head is sealed every second or so when it is due; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(30);
const OF_2015: &str = "2015-05-17T10:05:03.000Z";

/// How many requests of `partner` are answered for the hour around `at_ms`.
async fn found(server: &Server, partner: &str, at_ms: i64) -> u64 {
    let start = clock::floor_ms(at_ms, 3_600_000);
    let path = format!(
        "/api/v1/query/outcomes?stream=requests&partner={partner}&start={start}&end={}",
        start + 3_600_000
    );
    let body = server.api().get(&path).await;
    body["series"]
        .as_array()
        .expect("a list of series")
        .first()
        .map_or(0, |series| counts_of(&series["points"][0]).values().sum())
}

/// Waits until everything is in blocks: a start seals what the last run left in its journal.
async fn wait_until_sealed(server: &Server) {
    let start = Instant::now();
    loop {
        let metrics = server.api().try_get("/metrics").await.text;
        if metrics.lines().any(|line| line == "plimsoll_head_bytes 0") {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "the head is not sealed:\n{metrics}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn items_outside_the_retention_are_rejected_one_by_one() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &["--retention-15m", "300d"]).await;
    let now = clock::now_ms();
    let of_2015 = json!({ "events": [event("dhl", clock::parse_ms(OF_2015), 200, 5.0)] });
    server.api().push(&of_2015).await;
    assert_eq!(found(&server, "dhl", clock::parse_ms(OF_2015)).await, 1, "there was nothing newer");
    server.api().push(&json!({ "events": [event("ups", now, 200, 5.0)] })).await;

    let rejected = server.api().try_push(&of_2015).await;
    assert_eq!(
        (rejected.status, &rejected.body["rejected"][0]["code"]),
        (422, &json!("outside_retention"))
    );
    let ages = [0, 7, 30, 299, 301].map(|days| now - days * DAY_MS);
    let events = ages.map(|at| event("gls", at, 200, 5.0));
    let answer = server.api().try_push(&json!({ "events": events })).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (200, &json!(4)), "{}", answer.text);
    let rejected = &answer.body["rejected"];
    assert_eq!(rejected.as_array().map(Vec::len), Some(1), "{}", answer.text);
    assert_eq!(rejected[0]["pointer"], "/events/4/at");
    assert_eq!(rejected[0]["code"], "outside_retention");
    let detail = rejected[0]["detail"].as_str().expect("a sentence");
    assert!(detail.contains("`retention_15m`"), "{detail}");

    assert!(server.terminate().success());
    let server = Server::start(dir.path(), &["--retention-15m", "300d"]).await;
    wait_until_sealed(&server).await;
    for (at, expected) in ages.into_iter().zip([1, 1, 1, 1, 0]) {
        assert_eq!(found(&server, "gls", at).await, expected, "{} days ago", (now - at) / DAY_MS);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_reports_lines_that_are_too_old() {
    let (dir, files) = (data_dir(), data_dir());
    let server = Server::start(dir.path(), &[]).await;
    let now = clock::now_ms();
    server.api().push(&json!({ "events": [event("ups", now, 200, 5.0)] })).await;
    let mut log = String::new();
    for at in [clock::parse_ms(OF_2015), now - DAY_MS, clock::parse_ms(OF_2015)] {
        let at = jiff::Timestamp::from_millisecond(at).expect("a time");
        let time = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        writeln!(log, "10.0.0.1 - - [{time}] \"POST /dhl/rates HTTP/1.1\" 200 2 \"-\" \"a\"")
            .expect("into memory");
    }
    let file = files.path().join("access.log");
    std::fs::write(&file, log).expect("a temporary folder");
    let file = file.to_str().expect("a plain name");
    let base = server.base().to_owned();
    let over_http = ["--url", &base];
    let into_directory = data_dir();
    let kept = ["--retention-1m", "30d", "--retention-15m", "30d"];
    let directly = [&["--data-dir", text_of(&into_directory)][..], &kept].concat();
    for (target, imported, rejected) in [(&over_http[..], 1, 2), (&directly[..], 2, 1)] {
        let labels = ["import", "--format", "access-log", "--partner", "path:1"];
        let output = binary::run(&[&labels[..], target, &[file]].concat());
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
        assert!(printed.contains(&format!("{imported} of 3 lines imported")), "{printed}");
        let reported = format!("{rejected} rejected by the store; the first: line ");
        assert!(printed.contains(&reported), "{printed}");
        assert!(printed.contains(OF_2015) && printed.contains("`retention_15m`"), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_and_connectors_that_jump_ahead_together_delete_nothing() {
    const AHEAD: &str = "the clock was set forward by more than an hour";
    for years in [1, 3] {
        let dir = data_dir();
        let clock = ManualClock::new(dir.path());
        let start_ms = clock.now_ms();
        let server = Server::start_with_clock(&dir.path().join("data"), &[], &[], &clock).await;
        let ages: Vec<i64> = (0..28).map(|sixth| start_ms - sixth * DAY_MS / 4).collect();
        let events: Vec<_> = ages.iter().map(|at| event("dhl", *at, 200, 5.0)).collect();
        server.api().push(&json!({ "events": events })).await;
        clock.step_to_ms(start_ms + years * 365 * DAY_MS);
        for _ in 0..2 {
            let events = [event("dhl", clock.now_ms(), 200, 5.0)];
            server.api().push(&json!({ "events": events })).await;
            // The head is sealed when it is five minutes old.
            clock.set_ms(clock.now_ms() + 301_000);
            wait_until_sealed(&server).await;
        }
        let health = server.api().get("/api/v1/health").await;
        assert_eq!(health["status"], "warning", "{health}");
        assert!(health.to_string().contains(AHEAD), "{health}");
        clock.step_to_ms(start_ms + 602_000);
        for at in ages {
            assert_eq!(found(&server, "dhl", at).await, 1, "{} days ago", (start_ms - at) / DAY_MS);
        }
        let health = server.api().get("/api/v1/health").await;
        assert!(!health.to_string().contains(AHEAD), "{health}");
        let log = server.log();
        assert!(log.contains(AHEAD), "{log}");
        assert!(!log.contains("dropped days") && !log.contains("downsampled to"), "{log}");
    }
}
