use super::*;

const FILE: &str = "\
receivers:
  - name: a
    webhook: { url: x }
rules:
  - owner: o
    signal: { ratio: { of: [5xx, 6xx] } }
    name: first
  - name: second
    critical: > 5%
";

fn at(line: u64, column: u64) -> (String, String, Option<String>) {
    let Located { entry, field, value, .. } = locate(FILE, line, column);
    (entry, field, value)
}

#[test]
fn a_place_is_in_an_entry_and_a_field() {
    let found = |entry: &str, field: &str, value: Option<&str>| {
        (entry.to_owned(), field.to_owned(), value.map(str::to_owned))
    };
    assert_eq!(at(3, 21), found("receiver `a`", "webhook.url", Some("x")));
    assert_eq!(at(5, 12), found("rule `first`", "owner", Some("o")));
    assert_eq!(at(6, 34), found("rule `first`", "signal.ratio.of", Some("6xx")));
    assert_eq!(at(5, 5), found("rule `first`", "", None));
    assert_eq!(at(9, 17), found("rule `second`", "critical", None));
    assert_eq!(at(1, 1), found("", "", None));
}

#[test]
fn an_entry_without_a_name_has_its_number() {
    let file = "maintenance:\n  - author: ann\n  - author: bob\n    end: x\n";
    assert_eq!(locate(file, 4, 10).entry, "maintenance 2");
    let grouping = locate("pages: { by: x }\n", 1, 14);
    assert_eq!((grouping.entry.as_str(), grouping.field.as_str()), ("`pages`", "by"));
}

#[test]
fn the_field_before_a_key_is_known() {
    assert_eq!(locate(FILE, 7, 5).before.as_deref(), Some("signal"));
    assert_eq!(locate(FILE, 9, 5).before.as_deref(), Some("name"));
    assert_eq!(locate(FILE, 5, 5).before, None);
    let broken = "receivers:\n  - name: a\nrules:\n  - { name: r, critical: > 5% }\n";
    assert_eq!(locate(broken, 4, 25).entry, "rule 1");
}

#[test]
fn a_file_without_structure_is_located_nowhere() {
    for text in ["", "hello", "- a\n- b\n", "rules: [", "\t", "{"] {
        assert_eq!(locate(text, 1, 1).field, "", "{text:?}");
    }
}
