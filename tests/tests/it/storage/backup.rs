//! A backup made under load can be restored and holds everything that was acknowledged before it started.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plimsoll_tests::{Api, Server, binary, clock};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::common::{data_dir, event, totals_by_partner, wait_until};

/// Pushes until it is stopped; returns the number of acknowledged pushes.
async fn push_until_stopped(
    api: Api,
    partner: String,
    acknowledged: watch::Sender<u64>,
    stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        let body = json!({ "events": [event(&partner, clock::now_ms(), 200, 5.0)] });
        api.push(&body).await;
        acknowledged.send_modify(|count| *count += 1);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// Runs a command that must succeed; returns what it printed.
fn succeed(args: &[&str]) -> String {
    let output = binary::run(args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command that must fail; returns its error.
fn fail(args: &[&str]) -> String {
    let output = binary::run(args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !error.contains("panicked"), "{args:?}: {error}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_under_load_holds_all_acknowledged_data() {
    let dir = data_dir();
    let [live, backup, restored] = ["live", "backup", "restored"].map(|name| dir.path().join(name));
    let server = Server::start(&live, &["--backup-dir", text(dir.path())]).await;
    let (stop, stopped) = watch::channel(false);
    let loads: Vec<_> = (0..4)
        .map(|number| {
            let (sender, acknowledged) = watch::channel(0);
            let partner = format!("partner-{number}");
            let load =
                push_until_stopped(server.api().clone(), partner.clone(), sender, stopped.clone());
            (partner, acknowledged, tokio::spawn(load))
        })
        .collect();
    let is_loaded = || loads.iter().all(|(_, count, _)| *count.borrow() >= 20);
    wait_until("every load goes on", is_loaded).await;

    let before: Vec<u64> = loads.iter().map(|(_, count, _)| *count.borrow()).collect();
    let (url, to) = (server.base().to_owned(), backup.clone());
    let printed =
        tokio::task::spawn_blocking(move || succeed(&["backup", "--url", &url, "--to", text(&to)]));
    assert!(printed.await.expect("no panic").contains("backed up"));
    stop.send_replace(true);
    server.kill();

    assert!(
        succeed(&["restore", "--from", text(&backup), "--data-dir", text(&restored)])
            .contains("restored")
    );
    let server = Server::start(&restored, &[]).await;
    let stored = totals_by_partner(server.api()).await;
    for ((partner, acknowledged, load), before) in loads.into_iter().zip(before) {
        let found = stored.get(&partner).copied().unwrap_or(0);
        let in_all = *acknowledged.borrow() + 1;
        assert!(before > 0 && (before..=in_all).contains(&found), "{partner}: {before} {found}");
        // It may have ended in a panic, because the server was killed under it.
        drop(load.await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_not_empty_is_never_written_to() {
    let dir = data_dir();
    let [live, backup, used] = ["live", "backup", "used"].map(|name| dir.path().join(name));
    std::fs::create_dir(&used).expect("created");
    std::fs::write(used.join("letter"), "dear").expect("written");
    let server = Server::start(&live, &["--backup-dir", text(dir.path())]).await;
    server.api().push(&json!({ "events": [event("dhl", clock::now_ms(), 200, 5.0)] })).await;

    let backup_request = |body: Value| server.api().request("POST", "/api/v1/backups").json(&body);
    let answer =
        plimsoll_tests::api::send(backup_request(json!({ "to": used }))).await.expect("answered");
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("not_empty")));
    let answer =
        plimsoll_tests::api::send(backup_request(json!({ "to": "here" }))).await.expect("answered");
    assert_eq!((answer.status, &answer.body["code"]), (403, &json!("outside_backup_dir")));
    let climbing = dir.path().join("x/../../elsewhere");
    let answer = plimsoll_tests::api::send(backup_request(json!({ "to": climbing })))
        .await
        .expect("answered");
    assert_eq!((answer.status, &answer.body["code"]), (403, &json!("outside_backup_dir")));
    let answer =
        plimsoll_tests::api::send(backup_request(json!({ "at": 1 }))).await.expect("answered");
    assert_eq!(answer.status, 400, "{}", answer.text);
    let in_use = fail(&["backup", "--data-dir", text(&live), "--to", text(&backup)]);
    assert!(in_use.contains("in use") && in_use.contains(text(&live)), "{in_use}");
    assert!(server.terminate().success());

    let error = fail(&["backup", "--data-dir", text(&live), "--to", text(&used)]);
    assert!(error.contains("not empty") && error.contains(text(&used)), "{error}");
    succeed(&["backup", "--data-dir", text(&live), "--to", text(&backup)]);
    let error = fail(&["restore", "--from", text(&backup), "--data-dir", text(&used)]);
    assert!(error.contains("not empty") && error.contains(text(&used)), "{error}");
    let new = dir.path().join("new");
    let error = fail(&["restore", "--from", text(&used), "--data-dir", text(&new)]);
    assert!(error.contains("no Plimsoll database") && !new.exists(), "{error}");
    let error = fail(&["backup", "--data-dir", text(&new), "--to", text(&new)]);
    assert!(error.contains("no Plimsoll database") && !new.exists(), "{error}");
    assert_eq!(std::fs::read_to_string(used.join("letter")).expect("still there"), "dear");
}

/// Paths below a directory that others than their owner may use.
fn open_to_others(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(directory).expect("a directory");
    for path in entries.map(|entry| entry.expect("an entry").path()).chain([directory.to_owned()]) {
        if std::fs::metadata(&path).expect("a file").permissions().mode() & 0o077 != 0 {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_stay_below_their_directory_and_only_their_owner_reads_them() {
    let dir = data_dir();
    let names = ["live", "backups", "elsewhere", "restored"];
    let [live, backups, elsewhere, restored] = names.map(|name| dir.path().join(name));
    for directory in [&live, &backups, &elsewhere] {
        std::fs::create_dir(directory).expect("created");
    }
    std::fs::write(live.join("notes"), "of mine").expect("written");
    std::os::unix::fs::symlink(&elsewhere, backups.join("out")).expect("linked");
    // As a process leaves it that is killed during a backup.
    let left = backups.join("weekly/monday.unfinished-backup.tmp");
    std::fs::create_dir_all(&left).expect("created");
    std::fs::write(left.join("000012.sst"), "part").expect("written");
    let server = Server::start(&live, &["--backup-dir", text(&backups)]).await;
    assert!(!left.exists(), "the start removes unfinished backups");
    std::fs::create_dir(&left).expect("created");
    server.api().push(&json!({ "events": [event("dhl", clock::now_ms(), 200, 5.0)] })).await;
    let backup = async |to: &Path| {
        let request = server.api().request("POST", "/api/v1/backups").json(&json!({ "to": to }));
        plimsoll_tests::api::send(request).await.expect("answered")
    };
    for to in ["out", "out/monday"].map(|name| backups.join(name)) {
        let answer = backup(&to).await;
        assert_eq!((answer.status, &answer.body["code"]), (403, &json!("outside_backup_dir")));
    }
    assert_eq!(std::fs::read_dir(&elsewhere).expect("read").count(), 0);
    let made = backups.join("weekly/tuesday");
    let answer = backup(&made).await;
    assert_eq!((answer.status, &answer.body["damaged_count"]), (200, &json!(0)), "{}", answer.text);
    assert!(!left.exists(), "a backup removes unfinished ones");
    assert!(server.terminate().success());
    succeed(&["restore", "--from", text(&made), "--data-dir", text(&restored)]);
    for directory in [&live, &made, &restored] {
        assert_eq!(open_to_others(directory), Vec::<std::path::PathBuf>::new());
    }

    // A damaged backup is not restored.
    let table = std::fs::read_dir(&made).expect("read").map(|entry| entry.expect("read").path());
    let table = table.max_by_key(|path| path.extension().is_some_and(|end| end == "sst"));
    let table = table.expect("there is a table");
    let mut bytes = std::fs::read(&table).expect("read");
    bytes[8] ^= 1;
    std::fs::write(&table, bytes).expect("written");
    let again = dir.path().join("again");
    let error = fail(&["restore", "--from", text(&made), "--data-dir", text(&again)]);
    let name = table.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(error.contains(name), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_have_a_number_that_is_not_exceeded() {
    let dir = data_dir();
    let [live, backups] = ["live", "backups"].map(|name| dir.path().join(name));
    for number in 0..100 {
        let backup = backups.join(number.to_string());
        std::fs::create_dir_all(&backup).expect("created");
        std::fs::write(backup.join("CURRENT"), "MANIFEST-000001\n").expect("written");
    }
    let server = Server::start(&live, &["--backup-dir", text(&backups)]).await;
    let body = json!({ "to": backups.join("one-more") });
    let request = server.api().request("POST", "/api/v1/backups").json(&body);
    let answer = plimsoll_tests::api::send(request).await.expect("answered");
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("too_many_backups")));
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_backups_are_refused_and_those_that_are_there_count() {
    let dir = data_dir();
    let [live, backups] = ["live", "backups"].map(|name| dir.path().join(name));
    for number in 0..99 {
        let backup = backups.join(format!("a/b/c/d/e/f/g/{number}"));
        std::fs::create_dir_all(&backup).expect("created");
        std::fs::write(backup.join("CURRENT"), "MANIFEST-000001\n").expect("written");
    }
    let server = Server::start(&live, &["--backup-dir", text(&backups)]).await;
    for (to, status, code) in [
        ("a/b/c/d/e/f/g/one-more", 422, json!("backup_too_deep")),
        ("a/b/c/d/one-more", 200, json!(null)),
        ("too-many", 409, json!("too_many_backups")),
    ] {
        let body = json!({ "to": backups.join(to) });
        let request = server.api().request("POST", "/api/v1/backups").json(&body);
        let answer = plimsoll_tests::api::send(request).await.expect("answered");
        assert_eq!((answer.status, &answer.body["code"]), (status, &code), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_backup_directory_makes_no_backup() {
    let dir = data_dir();
    let server = Server::start(&dir.path().join("live"), &[]).await;
    let to = dir.path().join("backup");
    let request = server.api().request("POST", "/api/v1/backups").json(&json!({ "to": to }));
    let answer = plimsoll_tests::api::send(request).await.expect("answered");
    assert_eq!((answer.status, &answer.body["code"]), (403, &json!("backups_off")));
    assert!(answer.text.contains("--backup-dir") && !to.exists(), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_counts_the_stored_data() {
    let dir = data_dir();
    let live = dir.path().join("live");
    let server = Server::start(&live, &[]).await;
    let events = ["dhl", "ups"].map(|partner| event(partner, clock::now_ms(), 200, 5.0));
    server.api().push(&json!({ "events": events })).await;
    assert!(server.terminate().success());
    let printed = succeed(&["inspect", "--data-dir", text(&live), "--format", "json"]);
    let found: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((&found["streams"], &found["slot_ms"]), (&json!(2), &json!(10_000)));
    assert_eq!((&found["damaged_count"], &found["damaged"]), (&json!(0), &json!([])));
    let sealed = found["resolutions"][0]["cells"].as_u64().expect("a count");
    let waiting = found["journal"]["records"].as_u64().expect("a count");
    assert!(sealed == 2 || waiting == 1, "{found}");
    let table = succeed(&["inspect", "--data-dir", text(&live)]);
    assert!(table.contains("streams         2") && table.contains("journal"), "{table}");
}
