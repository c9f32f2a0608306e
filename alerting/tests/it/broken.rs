//! The folder `tests/broken`: rules files that cannot be used, each with the message that it gets beside it.
//! `UPDATE_EXAMPLES=1` writes the messages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use plimsoll_alerting::RuleSet;
use plimsoll_storage::SlotWidth;

/// What no message may have: words of the YAML reader and of the language.
const FOREIGN: [&str; 14] = [
    "Option<",
    "Raw",
    "serde",
    "DuplicateKeyPolicy",
    "from_str",
    "u64",
    "u32",
    "f64",
    "struct ",
    "enum ",
    "variant",
    "deserial",
    "scalar",
    "anchor `",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken")
}

/// The message of a file, which is named without its folder.
fn message(path: &Path) -> Option<String> {
    let env = |name: &str| match name {
        "PD_KEY" => Some("0123456789abcdef0123456789abcdef".to_owned()),
        "HUB_KEY" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let error = RuleSet::load(path, &env, SlotWidth::DEFAULT).err()?;
    let folder = format!("{}/", folder().display());
    Some(error.to_string().replace(&folder, ""))
}

#[test]
fn every_broken_file_has_its_message() {
    let update = std::env::var_os("UPDATE_EXAMPLES").is_some();
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    let files: BTreeSet<PathBuf> = files.collect();
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in files.iter().filter(|path| path.extension().is_some_and(|it| it == "yaml")) {
        count += 1;
        let beside = file.with_extension("txt");
        let Some(found) = message(file) else {
            wrong.push(format!("{} is accepted", file.display()));
            continue;
        };
        if update {
            std::fs::write(&beside, format!("{found}\n")).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if found != expected.trim_end_matches('\n') {
            wrong.push(format!("{}: {found}", file.display()));
        }
        if let Some(foreign) = FOREIGN.iter().find(|word| found.contains(*word)) {
            wrong.push(format!("{}: `{foreign}` is no word of a user: {found}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 80, "{count} files");
    let stray = files.iter().filter(|path| !files.contains(&path.with_extension("yaml")));
    assert_eq!(stray.count(), 0, "every message has its file");
}
