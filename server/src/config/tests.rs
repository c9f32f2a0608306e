use std::fmt::Write as _;

use clap::{Args, Command, FromArgMatches};
use plimsoll_storage::Durability;

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
    assert_eq!(retention, expected);
}

#[test]
fn a_secret_is_in_no_message() {
    let url = "https://hc-ping.com/0b7c-secret";
    let Config { server, .. } = config(&["--heartbeat", url]);
    assert_eq!(server.heartbeat.as_ref().map(|secret| secret.expose()), Some(url));
    assert!(!format!("{server:?}").contains("0b7c"));
    let command = ConfigFlags::augment_args(Command::new("serve"));
    let arg = command.get_arguments().find(|arg| arg.get_id() == "heartbeat").expect("an argument");
    assert!(arg.is_hide_env_values_set(), "help shows the values of variables");
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
    assert_eq!(retention, Retention::default());
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
    assert_eq!((server.log_format, retention.size_bytes), (LogFormat::Json, Some(5 << 30)));
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
}

#[test]
fn values_that_cannot_work_are_rejected_at_their_place() {
    let table = [
        ("data_dir", &[""][..]),
        ("listen", &["", "here", "localhost:1", "127.0.0.1", ":8585", "127.0.0.1:65536", "::1:2"]),
        (
            "external_url",
            &["ftp://a", "a.example", "http://", "http:a", "https://a?b", "http://u:p@a"],
        ),
        (
            "allowed_host",
            &["", "a.example:80", "http://a.example", "a b", "a.example,", "*.example"],
        ),
        ("admin_key_file", &[""]),
        ("insecure_no_auth", &["perhaps", ""]),
        ("rules", &[""]),
        ("slot", &["", "0s", "7s", "500ms", "2m", "10", "-10s"]),
        ("durability", &["no", "FSYNC", ""]),
        ("allow_private_receivers", &["perhaps", ""]),
        (
            "heartbeat",
            &["", "hc-ping.com/0b7c", "ftp://a/0b7c", "https:///0b7c", "https://a/0 b7c"],
        ),
        ("backup_dir", &[""]),
        ("memory", &["0", "1MiB", "1GB", "-1GiB", "99999999999TiB"]),
        ("streams_max", &["many", "0", "999", "1000001", "-1"]),
        ("query_cells_max", &["many", "0", "-1", "1.5"]),
        ("query_timeout", &["30", "0s", "-1s", ""]),
        ("queries_max", &["0", "257", "x"]),
        ("connections_max", &["0", "1000001", "-1", "many"]),
        ("connections_per_address_max", &["0", "1000001", ""]),
        ("request_timeout", &["0s", "99ms", "61m", "10"]),
        ("response_timeout", &["0s", "2h", ""]),
        ("idle_timeout", &["0s", "1d", "x"]),
        (
            "log_level",
            &["verbose", "critical", "loud", "", "info,loud", "loud=1", "=debug", "plimsoll=", "3"],
        ),
        ("log_format", &["xml", ""]),
        ("retention", &["0d", "8", "1s", "59m", "-1d"]),
        ("retention_1m", &["60", "0s"]),
        ("retention_15m", &["2y", "0d"]),
        ("retention_size", &["1", "0", "5GB", "63MiB"]),
    ];
    assert!(file::declarations().map(|it| it.key).eq(table.map(|row| row.0)), "every setting");
    for (key, values) in table {
        for value in values {
            let flag = format!("--{}={value}", key.replace('_', "-"));
            let data_dir: &[&str] = if key == "data_dir" { &[] } else { &["--data-dir", "d"] };
            let error =
                |given: &[&str]| resolve(&[data_dir, given].concat()).expect_err(&flag).to_string();
            let text = error(&[&flag]);
            let shown = if key == "heartbeat" { "***" } else { value };
            assert!(text.starts_with(&format!("setting `{key}` is \"{shown}\": use ")), "{text}");
            let (_directory, path) = file(&format!("# a comment\n{key}: \"{value}\"\n"));
            let column = key.len() + 3;
            assert_eq!(error(&["--config", &path]), format!("{path}:2:{column}: {text}"));
        }
    }
}

#[test]
fn detail_is_not_kept_longer_than_what_is_coarser() {
    for (flags, finer, coarser) in [
        (&["--retention", "61d"][..], "retention", "retention_1m"),
        (&["--retention-1m", "731d"], "retention_1m", "retention_15m"),
        (&["--retention-15m", "59d"], "retention_1m", "retention_15m"),
    ] {
        let text = error(flags);
        let expected = format!("setting `{finer}` is longer than `{coarser}`: ");
        assert!(text.starts_with(&expected), "{text}");
    }
    let same = ["--retention", "60d", "--retention-15m", "60d"];
    assert_eq!(config(&same).retention.slot_ms, config(&same).retention.quarter_ms);
}

#[test]
fn a_log_level_is_a_level_or_a_filter() {
    for (given, expected) in [
        ("info", "info"),
        ("WARNING", "warn"),
        ("off", "off"),
        ("warn,plimsoll=debug", "warn,plimsoll=debug"),
        (
            "plimsoll=debug, plimsoll_alerting = trace",
            "info,plimsoll=debug,plimsoll_alerting=trace",
        ),
    ] {
        assert_eq!(config(&["--log-level", given]).server.log_level, expected);
    }
}

#[test]
fn a_wrong_file_is_named() {
    for (text, expected) in [
        (
            "listen: 127.0.0.1:1\n  \nlog-level: info\n",
            ":3:1: there is no setting `log-level`; did you mean `log_level`?",
        ),
        ("retension: 1d\n", ":1:1: there is no setting `retension`; did you mean `retention`?"),
        ("colour: red\n", ":1:1: there is no setting `colour`; there are data_dir, listen, "),
        ("slot: 1s\nslot: 5s\n", ":2:1: setting `slot` comes twice: remove one"),
        ("slot: [1s]\n", ":1:7: "),
        ("slot: 1s\n\tmemory: 1\n", ":1:"),
        ("- slot\n", ":1:1: "),
        ("just text\n", ":1:1: "),
        ("slot: \"1s\n", ":2:1: "),
    ] {
        let (_directory, path) = file(text);
        let error = error(&["--config", &path]);
        assert!(error.starts_with(&format!("{path}{expected}")), "{text:?}: {error}");
    }
    assert!(error(&["--config", "missing.yaml"]).contains("missing.yaml"));
    assert!(error(&["--config", "/dev/null"]).contains("it is not a regular file"));
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
