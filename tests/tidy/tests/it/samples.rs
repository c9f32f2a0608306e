//! Each rule against a sample that breaks it.

use plimsoll_tidy::{Exception, Sources, check};

/// What is found in sources made of these files, as `rule: detail`.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let sources = Sources::of(files).expect("the sample parses");
    check(&sources, &[]).iter().map(|it| format!("{}: {}", it.rule, it.detail)).collect()
}

fn assert_found(files: &[(&str, &str)], expected: &str) {
    let found = found(files);
    assert!(found.iter().any(|line| line.contains(expected)), "{expected:?} is not in {found:#?}");
}

#[test]
fn a_file_of_500_lines_is_found() {
    let long = format!("//! Long.\n{}", "// line\n".repeat(499));
    assert_found(&[("storage/src/store.rs", &long)], "file size: 500 lines");
}

#[test]
fn a_function_of_71_lines_is_found() {
    let long = format!("//! Long.\nfn long() {{\n{}}}\n", "    work();\n".repeat(69));
    assert_found(&[("storage/src/store.rs", &long)], "function size: `long` has 71 lines");
}

#[test]
fn a_folder_of_15_files_is_found() {
    let paths: Vec<String> =
        (0..15).map(|number| format!("query/src/answers/a{number}.rs")).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "//! One.\n")).collect();
    assert_found(&files, "folder size: 15 files");
}

#[test]
fn long_lines_are_found_but_not_tables_code_and_texts() {
    let long = "word ".repeat(30);
    assert_found(&[("README.md", &long)], "line length: 150 columns");
    assert_found(&[("query/src/lib.rs", &format!("//! {long}"))], "line length");
    let allowed = format!("|{long}|\n```\n{long}\n```\n");
    assert_eq!(found(&[("README.md", &allowed)]), [""; 0]);
}

#[test]
fn a_second_public_type_of_a_name_is_found() {
    let text = "//! Pages.\n/// A page.\npub struct Page;\n";
    let user = "//! Uses it.\nfn use_it(_: Page) {}\n";
    let files = [
        ("query/src/answers/page.rs", text),
        ("alerting/src/message/page.rs", text),
        ("server/src/http/page.rs", user),
    ];
    assert_found(&files, "public names: `Page` is public in 2 places");
}

#[test]
fn a_public_item_that_nobody_uses_is_found() {
    let files = [
        ("query/src/lib.rs", "//! Root.\npub use answers::{lost, used};\nfn f() { used() }\n"),
        ("query/src/answers/mod.rs", "//! Both.\npub fn lost() {}\npub fn used() {}\n"),
    ];
    let found = found(&files);
    assert!(found.iter().any(|line| line.contains("no other file uses `lost`")), "{found:?}");
    assert!(!found.iter().any(|line| line.contains("`used`")), "{found:?}");
}

#[test]
fn a_room_that_imports_a_later_room_is_found() {
    for text in [
        "//! Keys.\nuse crate::read::scan::Scan;\n",
        "//! Keys.\nfn f() { crate::read::scan::scan(); }\n",
        "//! Keys.\nfn f() { println!(\"{}\", crate::read::COUNT); }\n",
        "//! Keys.\nuse super::super::read::Scan;\n",
    ] {
        assert_found(&[("storage/src/db/key.rs", text)], "`db` must not import `read`");
    }
    let root = "//! Keys.\nuse crate::Store;\n";
    assert_found(
        &[("storage/src/db/key.rs", root)],
        "name the room that `crate::Store` comes from",
    );
    assert_found(
        &[("storage/src/attic/mod.rs", "//! New.\n")],
        "give the room a place in the order",
    );
}

#[test]
fn deep_and_nested_imports_are_found() {
    let nested = "//! Nested.\nuse std::{io::{Read, Write}, fs};\n";
    assert_found(&[("query/src/lib.rs", nested)], "flat imports");
    let deep = "//! Deep.\nuse plimsoll_storage::model::cell::Cell;\n";
    assert_found(&[("query/src/lib.rs", deep)], "facades");
    let flat = "//! Flat.\nuse std::io::{self, Read};\nuse plimsoll_storage::limits::A;\n";
    assert_eq!(found(&[("query/src/lib.rs", flat)]), [""; 0]);
}

#[test]
fn layout_is_checked() {
    assert_found(&[("query/src/lib.rs", "use std::io;\n")], "module docs");
    let inline = "//! Inline.\n#[cfg(test)]\nmod tests {}\n";
    assert_found(&[("query/src/lib.rs", inline)], "place of tests");
    let by_path = "//! By path.\n#[path = \"b.rs\"]\nmod a;\n";
    assert_found(&[("query/src/lib.rs", by_path)], "`#[path]` hides");
    let derive = "//! Derive.\n#[derive(Clone, Debug)]\nstruct A;\n";
    assert_found(&[("query/src/lib.rs", derive)], "derive order");
    let both = [("query/src/a.rs", "//! A.\n"), ("query/src/a/b.rs", "//! B.\n")];
    assert_found(&both, "kind of room");
    let unlisted = [("ARCHITECTURE.md", "# Rooms\n"), ("storage/src/db/mod.rs", "//! DB.\n")];
    assert_found(&unlisted, "architecture: the room storage/src/db/ is not listed");
}

#[test]
fn banned_words_are_found_with_what_to_say_instead() {
    assert_found(&[("query/src/lib.rs", "//! It tells a lot.\n")], "words: `tells`");
    assert_found(&[("README.md", "What is let go of is gone.\n")], "words: `let go of`");
    assert_found(
        &[("query/src/lib.rs", "//! A.\nfn is_judged() {}\n")],
        "`judged` in `is_judged`: say evaluated",
    );
    assert_found(
        &[("query/src/lib.rs", "//! A.\nstruct ThePager;\n")],
        "`pager` in `ThePager`: say grouping",
    );
    assert_found(&[("README.md", "The verdict is out.\n")], "`verdict` in the text");
    assert_eq!(found(&[("README.md", "The key `verdict` stays.\n")]), [""; 0]);
    assert_eq!(found(&[("docs/glossary.md", "| notified | told |\n")]), [""; 0]);
}

#[test]
fn a_decoder_without_a_fuzz_target_is_found() {
    let decoder = "//! Decodes.\nfn decode_row(bytes: &[u8]) -> u8 { bytes[0] }\n";
    assert_found(
        &[("storage/src/db/decoder.rs", decoder)],
        "fuzz targets: `decode_row` reads bytes",
    );
    let target = [("fuzz/fuzz_targets/row.rs", "//! Row.\n"), ("fuzz/Cargo.toml", "")];
    assert_found(&target, "fuzz/Cargo.toml does not list it");
}

#[test]
fn an_exception_covers_one_violation_and_must_be_needed() {
    let exception =
        Exception { rule: "words", path: "README.md", detail: "told", reason: "a test" };
    let told = Sources::of(&[("README.md", "It was told.\n")]).unwrap();
    assert_eq!(check(&told, &[exception]), []);
    let plain = Sources::of(&[("README.md", "It was said.\n")]).unwrap();
    let [unused] = &check(&plain, &[exception])[..] else { panic!("one violation") };
    assert_eq!(unused.rule, "unused exception");
}
