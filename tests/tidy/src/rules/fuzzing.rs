//! Fuzzing: every decoder of foreign bytes has a fuzz target, and every target is built and run.

use super::Violation;
use crate::source::Sources;
use crate::syntax;

/// Files and folders with decoders of foreign bytes, each with the fuzz target that reaches them.
const DECODERS: &[(&str, &str)] = &[
    ("alerting/src/deliver/acknowledge/", "webhook"),
    ("alerting/src/records/", "records"),
    ("alerting/src/report/score/", "incidents"),
    ("alerting/src/text/json.rs", "incidents"),
    ("server/src/backtest/history/line.rs", "recording"),
    ("server/src/import/", "access_log"),
    ("server/src/wire/push/", "push"),
    ("storage/src/catalog/record.rs", "stream"),
    ("storage/src/codec/block.rs", "block"),
    ("storage/src/codec/cold/", "block"),
    ("storage/src/codec/exemplar.rs", "exemplars"),
    ("storage/src/codec/frame.rs", "block"),
    ("storage/src/codec/hot.rs", "block"),
    ("storage/src/codec/row.rs", "rows"),
    ("storage/src/db/key.rs", "keys"),
    ("storage/src/db/damage/losses.rs", "journal"),
    ("storage/src/db/wal/", "journal"),
    ("storage/src/write/", "journal"),
];

/// Beginnings of the names of decoders.
const PREFIXES: &[&str] = &["decode", "parse", "read"];

pub(super) fn check(sources: &Sources, found: &mut Vec<Violation>) {
    let text = |path: &str| sources.other.iter().find(|file| file.path == path);
    let manifest = text("fuzz/Cargo.toml").map_or("", |file| file.text.as_str());
    for (decoder, target) in DECODERS {
        let has = |path: &str| sources.rust.iter().any(|source| source.path.starts_with(path));
        if has(decoder) && !has(&format!("fuzz/fuzz_targets/{target}.rs")) {
            let detail = format!("its fuzz target `{target}` does not exist");
            let path = (*decoder).to_owned();
            found.push(Violation { rule: "fuzz targets", path, line: 1, detail });
        }
    }
    for file in &sources.rust {
        if let Some(target) = file.path.strip_prefix("fuzz/fuzz_targets/") {
            let name = target.trim_end_matches(".rs");
            if !manifest.contains(&format!("name = \"{name}\"")) {
                let detail = "fuzz/Cargo.toml does not list it".to_owned();
                found.push(Violation {
                    rule: "fuzz targets",
                    path: file.path.clone(),
                    line: 1,
                    detail,
                });
            }
        }
        let is_listed = DECODERS.iter().any(|(path, _)| file.path.starts_with(path));
        if file.is_test() || is_listed || !is_product(file.crate_folder()) {
            continue;
        }
        for function in syntax::functions(&file.syntax) {
            let is_decoder = PREFIXES.iter().any(|prefix| function.name.starts_with(prefix));
            if is_decoder && function.takes_bytes {
                let detail = format!(
                    "`{}` reads bytes: list the file with its fuzz target in tests/tidy/src/rules/fuzzing.rs",
                    function.name
                );
                let (path, line) = (file.path.clone(), function.line);
                found.push(Violation { rule: "fuzz targets", path, line, detail });
            }
        }
    }
}

fn is_product(folder: &str) -> bool {
    matches!(folder, "storage" | "query" | "alerting" | "server")
}
