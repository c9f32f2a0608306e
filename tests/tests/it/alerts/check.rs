//! `plimsoll check` accepts every rules file of the repository, and what it prints is so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_tests::binary;

use crate::common::{CHATS, data_dir, text_of};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The variables that the files of the repository name.
const ENV: [(&str, &str); 4] = [
    ("PD_KEY", "0123456789abcdef0123456789abcdef"),
    ("HUB_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ("SLACK_URL", "https://hooks.slack.com/services/T/B/x"),
    ("SMTP_PASSWORD", "s3cret"),
];
/// The sections of a rules file.
const SECTIONS: [&str; 6] =
    ["receivers:", "rules:", "partners:", "maintenance:", "holidays:", "pages:"];

fn check(path: &str) -> (bool, String) {
    let output = binary::run_with_env(&["check", path], &[&ENV[..], &CHATS].concat());
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

/// The blocks of YAML of the pages that are rules files.
fn documented() -> Vec<(PathBuf, String)> {
    let pages = std::fs::read_dir(Path::new(REPOSITORY).join("docs")).expect("docs");
    let pages = pages.map(|page| page.expect("a page").path());
    let mut found = Vec::new();
    for page in pages.filter(|page| page.extension().is_some_and(|it| it == "md")) {
        let text = std::fs::read_to_string(&page).expect("a text");
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let is_rules = |block: &&str| {
            block.lines().any(|line| SECTIONS.iter().any(|section| line.starts_with(section)))
        };
        found.extend(blocks.filter(is_rules).map(|block| (page.clone(), block.to_owned())));
    }
    found
}

#[test]
fn every_rules_file_of_examples_and_docs_is_accepted() {
    let dir = data_dir();
    let mut files: Vec<(PathBuf, String)> = documented();
    assert!(files.len() >= 3, "docs have {} rules files", files.len());
    for folder in ["examples", "alerting/packs"] {
        for file in std::fs::read_dir(Path::new(REPOSITORY).join(folder)).expect(folder) {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|it| it == "yaml") {
                let text = std::fs::read_to_string(&path).expect("a text");
                files.push((path, text));
            }
        }
    }
    for (of, text) in files {
        let path = format!("{}/rules.yaml", text_of(&dir));
        std::fs::write(&path, text).expect("written");
        let (accepted, printed) = check(&path);
        assert!(accepted, "{}: {printed}", of.display());
    }
}

#[test]
fn durations_are_whole_slots_of_the_server() {
    let dir = data_dir();
    let path = format!("{}/rules.yaml", text_of(&dir));
    let example = std::fs::read_to_string(Path::new(REPOSITORY).join("examples/rules.yaml"));
    let odd = example.expect("the example").replacen("window: 2m", "window: 15s", 1);
    assert!(odd.contains("window: 15s"), "{odd}");
    std::fs::write(&path, odd).expect("written");
    let (accepted, printed) = check(&path);
    assert!(!accepted && printed.contains("slots, which last 10s; write 10s or 20s"), "{printed}");
    assert!(!printed.contains("is valid"), "{printed}");
    let output = binary::run_with_env(&["check", &path, "--slot", "5s"], &ENV);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let rules = format!("{REPOSITORY}/examples/rules.yaml");
    let mut child = Command::new(binary::path())
        .args(["check", &rules])
        .envs(ENV)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
}
