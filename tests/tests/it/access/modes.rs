//! Where a server without keys answers, and where the first key comes from.

use std::process::Command;

use plimsoll_tests::{Server, binary};

use super::with_key;
use crate::common::data_dir;

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_a_server_starts_where_only_this_machine_reaches_it() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    assert!(
        server.log().contains("there are no keys: whoever reaches this port may do everything")
    );
    assert_eq!(server.api().try_get("/api/v1/partners").await.status, 200);
    server.terminate();
    let open = |args: &[&str]| {
        let output = Command::new(binary::path())
            .args(["serve", "--data-dir"])
            .arg(dir.path())
            .args(["--listen", "0.0.0.0:0"])
            .args(args)
            .output()
            .expect("the binary runs");
        (output.status.success(), String::from_utf8(output.stderr).expect("text"))
    };
    let (is_started, says) = open(&[]);
    assert!(!is_started && says.contains("plimsoll keys create"), "{says}");
    let insecure = ["--listen", "0.0.0.0:0", "--insecure-no-auth"];
    let server = Server::start_at(dir.path(), &insecure).await;
    assert!(server.log().contains("INSECURE"));
    let ready = server.api().try_get("/readyz").await;
    assert_eq!(ready.status, 200);
    assert!(ready.text.contains("everybody may do everything"), "{}", ready.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_may_come_from_a_file() {
    let dir = data_dir();
    let generate = || {
        let output = Command::new(binary::path()).args(["keys", "generate"]).output();
        String::from_utf8(output.expect("the binary runs").stdout).expect("text").trim().to_owned()
    };
    let (first, second) = (generate(), generate());
    let file = dir.path().join("admin.key");
    let data = dir.path().join("data");
    std::fs::write(&file, format!("{first}\n")).expect("written");
    let env = [("PLIMSOLL_ADMIN_KEY_FILE", file.to_str().expect("text"))];
    let server = Server::start_with_env(&data, &[], &env).await;
    assert_eq!(with_key(server.api(), &first, "GET", "/api/v1/keys").await.status, 200);
    assert_eq!(server.api().try_get("/api/v1/partners").await.status, 401);
    server.terminate();
    // It has no effect once there is a key.
    std::fs::write(&file, &second).expect("written");
    let server = Server::start_with_env(&data, &[], &env).await;
    assert_eq!(with_key(server.api(), &first, "GET", "/api/v1/keys").await.status, 200);
    assert_eq!(with_key(server.api(), &second, "GET", "/api/v1/keys").await.status, 401);
    assert!(!server.log().contains(&first[13..45]) && !server.log().contains(&second[13..45]));
}
