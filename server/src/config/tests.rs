use std::fmt::Write as _;

use clap::{Args, Command, FromArgMatches};
use plimsoll_storage::{Durability, Retention};

use super::declare::Declaration;
use super::*;
use crate::self_metrics::LogFormat;

/// The page with every setting.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md");
/// The generated part of the page is between these lines.
const BEGIN: &str = "<!-- generated: UPDATE_DOCS=1 cargo test -p plimsoll --lib config -->\n";
const END: &str = "<!-- end of the generated part -->\n";
/// Letters in a line of the page.
const WIDTH: usize = 110;

fn resolve(arguments: &[&str]) -> Result<Config, ConfigError> {
    let command = ConfigFlags::augment_args(Command::new("serve").no_binary_name(true));
    let matches = command.try_get_matches_from(arguments).expect("these are flags");
    ConfigFlags::from_arg_matches(&matches).expect("these are flags").resolve()
}

fn config(flags: &[&str]) -> Config {
    resolve(&[&["--data-dir", "d"], flags].concat()).expect("valid settings")
}

fn error(flags: &[&str]) -> String {
    resolve(&[&["--data-dir", "d"], flags].concat()).expect_err("an error").to_string()
}

/// A configuration file with that text, and its path.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("plimsoll.yaml");
    std::fs::write(&path, text).expect("written");
    let path = path.to_str().expect("a path in UTF-8").to_owned();
    (directory, path)
}

#[test]
fn flags_override_the_file_and_the_file_overrides_defaults() {
    let (_directory, path) = file(
        "listen: 127.0.0.1:1\nslot: 5s\nallow_private_receivers: yes\nqueries_max: 7\nretention: 2d\nmemory:\n",
    );
    let Config { server, retention } =
        config(&["--config", &path, "--listen", "[::1]:2", "--retention-1m", "9d"]);
    assert_eq!(server.listen.to_string(), "[::1]:2");
    assert_eq!(server.slot, SlotWidth::from_ms(5_000));
    assert!(server.allow_private_receivers);
    assert_eq!((server.queries_max, server.memory), (7, None));
    let day_ms = 86_400_000;
    let expected = Retention { slot_ms: 2 * day_ms, minute_ms: 9 * day_ms, ..Retention::default() };
    assert_eq!(retention.retention(), expected);
}

#[test]
fn a_setting_that_is_not_given_has_its_default() {
    let Config { server, retention } = config(&[]);
    assert_eq!(server.listen.to_string(), "127.0.0.1:8585");
    assert_eq!((server.external_url, server.rules, server.slot), (None, None, None));
    assert_eq!((server.durability, server.log_format), (Durability::Fsync, LogFormat::Text));
    assert_eq!((server.memory, server.backup_dir, server.log_level.as_str()), (None, None, "info"));
    assert!(!server.allow_private_receivers);
    assert!(server.queries_max >= 2);
    assert_eq!(retention.retention(), Retention::default());
}

#[test]
fn values_are_read_from_text() {
    let Config { server, retention } = config(&[
        "--external-url",
        "https://plimsoll.example/p/",
        "--memory",
        "64MiB",
        "--query-cells-max",
        "5",
        "--query-timeout",
        "2s",
        "--durability",
        "wal",
        "--log-format",
        "json",
        "--retention-size",
        "5GiB",
        "--allow-private-receivers",
    ]);
    assert_eq!(server.external_url.as_deref(), Some("https://plimsoll.example/p"));
    assert_eq!((server.memory, server.durability), (Some(64 << 20), Durability::Wal));
    let limits = server.query_limits();
    assert_eq!((limits.cells_max, limits.timeout.as_secs()), (5, 2));
    assert_eq!((server.log_format, retention.retention_size), (LogFormat::Json, Some(5 << 30)));
    assert!(server.allow_private_receivers);
}

#[test]
fn an_error_names_the_setting_the_value_and_the_remedy() {
    let missing = resolve(&[]).expect_err("there is no data_dir").to_string();
    assert_eq!(
        missing,
        "setting `data_dir` is missing: give --data-dir DIR, PLIMSOLL_DATA_DIR or data_dir in the configuration file"
    );
    assert_eq!(
        error(&["--listen", "here"]),
        "setting `listen` is \"here\": use an address and port such as 127.0.0.1:8585 or [::1]:8585"
    );
    for (flag, value) in [
        ("slot", "7s"),
        ("durability", "no"),
        ("external_url", "ftp://a"),
        ("retention_1m", "60"),
        ("retention_size", "5GB"),
        ("memory", "1MiB"),
        ("query_cells_max", "many"),
        ("query_timeout", "30"),
        ("queries_max", "0"),
        ("queries_max", "257"),
        ("allow_private_receivers", "perhaps"),
        ("log_format", "xml"),
    ] {
        let flag_name = format!("--{}={value}", flag.replace('_', "-"));
        let text = error(&[&flag_name]);
        assert!(text.starts_with(&format!("setting `{flag}` is \"{value}\": use ")), "{text}");
        let (_directory, path) = file(&format!("{flag}: {value}\n"));
        assert_eq!(error(&["--config", &path]), text, "from the file");
    }
}

#[test]
fn a_wrong_file_is_named() {
    let (_directory, path) = file("listen: 127.0.0.1:1\nlisten_on: x\n");
    let text = error(&["--config", &path]);
    assert!(text.contains("plimsoll.yaml") && text.contains("`listen_on`"), "{text}");
    assert!(error(&["--config", "missing.yaml"]).contains("missing.yaml"));
}

/// Text in lines of at most [`WIDTH`] letters.
fn filled(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + word.len() < WIDTH => *line = format!("{line} {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

fn entry(setting: &Declaration) -> String {
    let mut text = format!("### {}\n\n", setting.key);
    let (flag, variable) = (setting.flag(), setting.variable());
    let given = format!("`--{flag} {}`, `{variable}`.", setting.value_name);
    let default = setting.default.map_or("Required.".to_owned(), |it| format!("Default: {it}."));
    for paragraph in setting.paragraphs() {
        let end = if paragraph.ends_with('.') { "" } else { "." };
        let _ = writeln!(text, "{}", filled(&format!("{paragraph}{end}")));
    }
    let _ = writeln!(text, "{}", filled(&format!("{given} {default}")));
    text
}

#[test]
fn the_page_has_every_setting() {
    let rendered: String = file::declarations().map(entry).collect();
    let page = std::fs::read_to_string(PAGE).expect("docs/settings.md");
    let (before, rest) = page.split_once(BEGIN).expect("the generated part begins");
    let (current, after) = rest.split_once(END).expect("the generated part ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}\n{rendered}{END}{after}")).expect("written");
        return;
    }
    assert!(
        current.trim() == rendered.trim(),
        "docs/settings.md is out of date: run UPDATE_DOCS=1 cargo test -p plimsoll --lib config"
    );
}
