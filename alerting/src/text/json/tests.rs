use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Request {
    author: String,
    #[serde(rename = "for")]
    lasts: Option<String>,
    end: Option<String>,
    count: Option<u32>,
    #[serde(default, rename = "match")]
    matches: BTreeMap<String, Values>,
    hours: Option<Hours>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only read")]
enum Values {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only read")]
struct Hours {
    from: String,
}

#[test]
fn what_is_wrong_names_the_field_in_the_terms_of_json() {
    for (json, says) in [
        (r#"{"author":"a","for":3600}"#, "field `for` must be a string, not the number 3600"),
        (r#"{"author":true}"#, "field `author` must be a string, not true"),
        (r#"{"author":null}"#, "field `author` must be a string, not null"),
        (r#"{"author":"a","for":{}}"#, "field `for` must be a string, not an object"),
        (
            r#"{"author":"a","dry_run":"yes"}"#,
            "field `dry_run` must be true or false, not string \"yes\"",
        ),
        (
            r#"{"author":"a","count":-1}"#,
            "field `count` must be a whole number, 0 or more, not the number -1",
        ),
        (r#"{"author":"a","match":["dhl"]}"#, "field `match` must be an object, not a list"),
        (
            r#"{"author":"a","match":{"partner":7}}"#,
            "field `match.partner` must be a string or a list of strings",
        ),
        (r#"{"for":"2h"}"#, "field `author` is missing; add it"),
        (r#"{"author":"a","author":"b"}"#, "field `author` is given twice; keep one"),
        (r#"{"author":"a","duration":"2h"}"#, "`duration` is not a field; did you mean `for`?"),
        (r#"{"author":"a","endsAt":"x"}"#, "`endsAt` is not a field; did you mean `end`?"),
        (r#"{"author":"a","dryrun":true}"#, "`dryrun` is not a field; did you mean `dry_run`?"),
        (
            r#"{"author":"a","colour":1}"#,
            "`colour` is not a field; there are author, for, end, count, match, hours, dry_run",
        ),
        (r#"{"author":"a","hours":{}}"#, "field `from` is missing in `hours`; add it"),
        (
            r#"{"author":"a","hours":{"form":"x"}}"#,
            "`form` is not a field in `hours`; did you mean `from`?",
        ),
        ("[]", "the JSON must be an object, not a list"),
        (" [\"a\"]", "the JSON must be an object, not a list"),
        ("", "it is not JSON: line 1, column 0: it ends where a value must be"),
        ("{", "it is not JSON: line 1, column 1: it ends within an object"),
        (
            "{a:1}",
            "it is not JSON: line 1, column 2: here must be the name of a field in double quotes",
        ),
        (
            "{\"author\":\"a",
            "it is not JSON: line 1, column 12: it ends within a text, which needs a quote at its end",
        ),
        (
            "{\"author\":nope}",
            "it is not JSON: line 1, column 12: here must be a value: an object, a list, a text in double \
             quotes, a number, true, false or null",
        ),
        (
            r#"{"author":"a"} x"#,
            "it is not JSON: line 1, column 16: something follows the end of the JSON",
        ),
    ] {
        assert_eq!(read_json_object::<Request>(json.as_bytes()).expect_err(json), says, "{json}");
    }
    assert_eq!(read_json::<Vec<u8>>(b"[1, 2]"), Ok(vec![1, 2]));
    assert!(read_json::<Request>(br#"{"author":"a","match":{"partner":["dhl"]}}"#).is_ok());
}
