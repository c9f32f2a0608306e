//! The command-line examples of the documentation, run in order: each command must print what its page shows.
//! `UPDATE_EXAMPLES=1 cargo test docs::` writes down what they print.
//!
//! Commands run in a directory of their own. A block that begins with `# NAME` is a file of that name in it.
//! What a command exports is set for the commands after it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_tests::{Recorder, Server, binary};

use crate::api::examples::{Piece, read, write};
use crate::common::{Counts, counts_of, data_dir, only_points};

fn page(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(name)
}

/// Writes the files of a text: blocks whose first line is a comment with a file name.
fn write_files(text: &str, directory: &Path) {
    for block in text.split("```").skip(1).step_by(2) {
        let Some((_, file)) = block.split_once('\n') else { continue };
        let Some((name, content)) = file.strip_prefix("# ").and_then(|it| it.split_once('\n'))
        else {
            continue;
        };
        if name.contains('.') && !name.contains(char::is_whitespace) {
            fs::write(directory.join(name), content).expect("written");
        }
    }
}

/// What a command prints, errors included.
fn run(command: &str, directory: &Path) -> String {
    let binaries = binary::path().parent().expect("a directory").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(binaries).chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-c", &format!("({command}) 2>&1")])
        .current_dir(directory)
        .env("PATH", std::env::join_paths(paths).expect("paths without colons"))
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("a shell");
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

fn check(name: &str) {
    let page = page(name);
    let mut pieces = read(&fs::read_to_string(&page).expect("the page"));
    let update = std::env::var_os("UPDATE_EXAMPLES").is_some();
    let directory = data_dir();
    let mut exports = String::new();
    for piece in &mut pieces {
        let examples = match piece {
            Piece::Text(text) => {
                write_files(text, directory.path());
                continue;
            }
            Piece::Examples(examples) => examples,
        };
        for example in examples {
            let printed = run(&format!("{exports}{}", example.command), directory.path());
            if example.command.starts_with("export ") {
                exports += &format!("{}; ", example.command);
            }
            if update {
                example.answer = printed;
            } else {
                assert_eq!(printed, example.answer, "docs/{name}: {}", example.command);
            }
        }
    }
    if update {
        fs::write(&page, write(&pieces)).expect("the page can be written");
    }
}

#[test]
fn import() {
    check("import.md");
}

#[test]
fn rules() {
    check("rules.md");
}

#[test]
fn settings() {
    check("settings.md");
}

#[test]
fn the_examples_of_access_print_what_the_page_shows() {
    check("access.md");
}

/// The outcome classes of a partner and their counts, as soon as there are some.
async fn outcomes(server: &Server, partner: &str) -> Counts {
    let path = format!("/api/v1/query/outcomes?stream=requests&partner={partner}&window=1h");
    let body = server.api().get(&path).await;
    counts_of(only_points(&body).first().expect("a point"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_pushes_what_happened_also_when_there_is_no_answer() {
    let (folder, partner) = (data_dir(), Recorder::start().await);
    let server = Server::start(&folder.path().join("data"), &[]).await;
    write_files(&fs::read_to_string(page("push.md")).expect("the page"), folder.path());
    partner.answer_next("/down", &[503]);
    // A port that refuses: it was free a moment ago. One that never answers: nobody accepts.
    let refusing = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_address = silent.local_addr().expect("it is bound");
    for (name, url, expected) in [
        ("good", format!("{}/up", partner.url()), "2xx"),
        ("failing", format!("{}/down", partner.url()), "5xx"),
        ("refusing", format!("http://{refusing}/"), "network"),
        ("silent", format!("http://{silent_address}/"), "timeout"),
        ("unknown", "http://host.invalid/".to_owned(), "network"),
    ] {
        let base = server.base();
        let command = format!("PLIMSOLL={base} TIMEOUT_S=1; . ./probe.sh; probe {name} {url}");
        let printed = run(&command, folder.path());
        assert_eq!(printed, r#"{"accepted":1,"duplicate":false,"rejected":[]}"#, "{name}");
        assert_eq!(outcomes(&server, name).await, Counts::from([(expected.to_owned(), 1)]));
    }
    // Without a server the loop goes on: the probe ends.
    let command = format!("PLIMSOLL=http://{refusing}; . ./probe.sh; probe good {}", partner.url());
    let printed = run(&command, folder.path());
    assert!(printed.contains("curl: (7)"), "{printed}");
}
