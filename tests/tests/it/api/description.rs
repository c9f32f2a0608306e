//! `/openapi.json` against the server: every call exists, accepts exactly its described parameters, and
//! rejects every value that their schemas exclude.

use std::collections::BTreeSet;

use plimsoll_tests::{Answer, Server, clock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{data_dir, event, server_with_a_rule};

pub(super) struct Described {
    pub(super) server: Server,
    document: Value,
    _dir: TempDir,
}

impl Described {
    pub(super) async fn start() -> Self {
        let dir = data_dir();
        let server = server_with_a_rule(&dir).await;
        let mut event = event("dhl", clock::now_ms(), 200, 10.0);
        for (label, value) in
            [("operation", "create_label"), ("site", "ams1"), ("release", "2.4.1")]
        {
            event[label] = value.into();
        }
        server.api().push(&json!({ "events": [event] })).await;
        let document = server.api().get("/openapi.json").await;
        Self { server, document, _dir: dir }
    }

    /// Every operation with its method and path.
    pub(super) fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().expect("an object of paths");
        paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("an object of methods");
            methods.iter().map(move |(method, one)| (method.as_str(), path.as_str(), one))
        })
    }

    /// The calls with parameters in the query string, each with its path.
    fn queries(&self) -> impl Iterator<Item = (String, &Value)> {
        self.operations().filter_map(|(_, path, operation)| {
            let is_question = !parameters(operation, "query").is_empty();
            is_question.then(|| (filled(path, operation), operation))
        })
    }

    async fn ask(&self, path: &str, query: &[&str]) -> Answer {
        let query: Vec<_> = query.iter().filter(|part| !part.is_empty()).copied().collect();
        self.server.api().try_get(&format!("{path}?{}", query.join("&"))).await
    }
}

pub(super) fn parameters<'a>(operation: &'a Value, place: &str) -> Vec<&'a Value> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|parameter| parameter["in"] == place).collect()
}

pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A path with the examples of its parameters.
pub(super) fn filled(path: &str, operation: &Value) -> String {
    parameters(operation, "path").into_iter().fold(path.to_owned(), |path, parameter| {
        path.replace(&format!("{{{}}}", text(parameter, "name")), text(parameter, "example"))
    })
}

/// `name=value` of a query string.
pub(super) fn pair(parameter: &Value, value: &str) -> String {
    let encoded: String = value
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("{}={encoded}", text(parameter, "name"))
}

/// Values that a schema excludes, and values that the error must contain.
fn wrong_values(parameter: &Value) -> (Vec<String>, Vec<String>) {
    let schema = parameter["schema"].get("items").unwrap_or(&parameter["schema"]);
    let list = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
    if let Some(choices) = schema["enum"].as_array() {
        let choices = choices.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        return (list(&["nonsense", "5XX "]), choices);
    }
    match (text(schema, "type"), schema["maximum"].as_u64()) {
        ("integer", Some(most)) => {
            let wrong = vec![(most + 1).to_string(), "-1".into(), "1.5".into(), "many".into()];
            (wrong, vec![schema["minimum"].to_string(), most.to_string()])
        }
        ("number", _) => (list(&["high", "0", "-0.5", "1.01", "NaN", "inf"]), list(&["number"])),
        ("string", _) if schema.get("pattern").is_some() => {
            (list(&["soon", "5", "-5m", "5 mm", "1.5h"]), list(&["duration"]))
        }
        ("string", _) if text(parameter, "description").contains("~pattern") => {
            (list(&["~lab(el", "!~*"]), list(&["pattern"]))
        }
        ("string", _) => (Vec::new(), Vec::new()),
        _ => (list(&["yesterday", "2026-13-40T00:00:00Z"]), list(&["RFC 3339"])),
    }
}

fn assert_refused(answer: &Answer, name: &str, asked: &str) {
    assert_eq!(answer.status, 400, "{asked}: {}", answer.text);
    assert_eq!(answer.content_type, "application/problem+json", "{asked}");
    assert_eq!(text(&answer.body, "code"), "invalid_parameter", "{asked}: {}", answer.text);
    assert_eq!(text(&answer.body, "field"), name, "{asked}: {}", answer.text);
    assert!(text(&answer.body, "detail").contains(&format!("`{name}`")), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_call_exists() {
    let described = Described::start().await;
    assert_eq!(described.document["openapi"], "3.1.0");
    let mut count = 0;
    for (method, path, operation) in described.operations() {
        let method = method.to_uppercase();
        let request = described.server.api().request(&method, &filled(path, operation));
        let answer = plimsoll_tests::api::send(request).await.expect("an answer");
        let expected = operation["responses"].as_object().expect("responses");
        assert!(
            expected.contains_key(&answer.status.to_string()),
            "{method} {path} answers {}, which is not described: {}",
            answer.status,
            answer.text
        );
        assert!(!answer.text.contains("such path"), "{method} {path}");
        let content = &operation["responses"][answer.status.to_string()]["content"];
        assert!(
            content.get(&answer.content_type).is_some(),
            "{method} {path}: {} is not described",
            answer.content_type
        );
        count += 1;
    }
    assert!(count >= 20, "{count} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_parameter_is_rejected_and_known_ones_are_described() {
    let described = Described::start().await;
    for (path, operation) in described.queries() {
        let answer = described.ask(&path, &["colour=red"]).await;
        assert_refused(&answer, "colour", &path);
        let detail = text(&answer.body, "detail");
        let (_, known) = detail.split_once("known are ").expect("what is known instead");
        let described = operation["parameters"].as_array().into_iter().flatten();
        let described: BTreeSet<_> = described.map(|one| text(one, "name")).collect();
        let known: BTreeSet<_> = known.split(", ").collect();
        let hidden: Vec<_> = known.difference(&described).collect();
        assert!(hidden.is_empty(), "{path} accepts {hidden:?}, which is not described");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_parameter_accepts_its_example() {
    let described = Described::start().await;
    let mut count = 0;
    for (path, operation) in described.queries() {
        for parameter in parameters(operation, "query") {
            let example = pair(parameter, text(parameter, "example"));
            let answer = described.ask(&path, &[text(parameter, "x-needs"), &example]).await;
            if path.ends_with("/preview") && text(parameter, "name") == "alert" {
                // It names an alert on record, and there is none.
                assert_eq!(answer.status, 404, "{path}?{example}: {}", answer.text);
                continue;
            }
            assert_eq!(answer.status, 200, "{path}?{example}: {}", answer.text);
            count += 1;
        }
    }
    assert!(count > 100, "{count} parameters");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_is_rejected_with_the_value_and_the_accepted_ones() {
    let described = Described::start().await;
    let mut count = 0;
    for (path, operation) in described.queries() {
        for parameter in parameters(operation, "query") {
            let (name, needs) = (text(parameter, "name"), text(parameter, "x-needs"));
            let (wrong, accepted) = wrong_values(parameter);
            for value in wrong {
                let asked = pair(parameter, &value);
                let answer = described.ask(&path, &[needs, &asked]).await;
                let asked = format!("{path}?{needs}&{asked}");
                assert_refused(&answer, name, &asked);
                let detail = text(&answer.body, "detail");
                let given = value.trim_start_matches(['!', '~']);
                assert!(detail.contains(given), "{asked}: what was given is not named: {detail}");
                for accepted in &accepted {
                    assert!(detail.contains(accepted.as_str()), "{asked}: {accepted}: {detail}");
                }
                count += 1;
            }
            if parameter["schema"]["type"] != "array" {
                let example = pair(parameter, text(parameter, "example"));
                // A list with commas in one value, such as two releases, may be split over two.
                if !text(parameter, "example").contains(',') {
                    let answer = described.ask(&path, &[needs, &example, &example]).await;
                    assert_refused(&answer, name, &format!("{path}?{example} twice"));
                }
            }
        }
    }
    println!("{count} wrong values");
    assert!(count > 300, "{count} wrong values");
}
