//! The examples of `docs/push.md`, `docs/query.md` and `docs/api.md`, run in this order against one server:
//! each command must print the documented output. `UPDATE_EXAMPLES=1 cargo test api::examples` updates the
//! documentation.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use plimsoll_tests::Server;
use serde_json::Value;

use crate::common::{data_dir, server_with_a_rule};

/// The address of the server in the examples.
const BASE: &str = "http://127.0.0.1:8585";
/// The pages, in the order in which their examples run.
const PAGES: [&str; 3] = ["push.md", "query.md", "api.md"];
/// Letters in a line of a page.
const WIDTH: usize = 110;
/// Fields that depend on the time of the request.
const CHANGING: [&str; 3] = ["age_s", "at", "reason"];

/// A command of a page, and its output.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) command: String,
    pub(crate) answer: String,
}

/// A piece of a page: text or examples.
pub(crate) enum Piece {
    Text(String),
    Examples(Vec<Example>),
}

fn path_of(page: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(page)
}

pub(crate) fn read(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (number, part) in page.split("```console\n").enumerate() {
        if number == 0 {
            pieces.push(Piece::Text(part.to_owned()));
            continue;
        }
        let (block, text) = part.split_once("```\n").expect("a block of examples ends");
        pieces.push(Piece::Examples(examples(block)));
        pieces.push(Piece::Text(text.to_owned()));
    }
    pieces
}

/// A command starts with `$` and continues while a quote is open.
fn examples(block: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            examples.push(Example { command: command.to_owned(), answer: String::new() });
            continue;
        }
        let example = examples.last_mut().expect("a block begins with a command");
        let is_open = example.command.matches('\'').count() % 2 == 1;
        let text = if is_open { &mut example.command } else { &mut example.answer };
        if is_open || !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    }
    examples
}

pub(crate) fn write(pieces: &[Piece]) -> String {
    let mut page = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => page.push_str(text),
            Piece::Examples(examples) => {
                page.push_str("```console\n");
                for Example { command, answer } in examples {
                    let _ = write!(page, "$ {command}\n{answer}\n");
                }
                page.push_str("```\n");
            }
        }
    }
    page
}

fn run(command: &str, server: &Server) -> String {
    let command = command.replace(BASE, server.base());
    let output = Command::new("sh").args(["-c", &command]).output().expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").replace('\r', "").trim_end().to_owned()
}

/// JSON without fields that depend on the time of the request; other text unchanged.
fn lasting(answer: &str) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| !CHANGING.contains(&name.as_str()));
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(answer).unwrap_or_else(|_| answer.into());
    strip(&mut value);
    value
}

/// An answer as the page shows it: JSON that is longer than a line continues after a comma.
fn shown(answer: &str) -> String {
    if serde_json::from_str::<Value>(answer).is_err() {
        return answer.to_owned();
    }
    let (mut pieces, mut is_text, mut is_escaped) = (vec![String::new()], false, false);
    for letter in answer.chars() {
        pieces.last_mut().expect("there is one").push(letter);
        match letter {
            '"' if !is_escaped => is_text = !is_text,
            ',' if !is_text => pieces.push(String::new()),
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    let (mut shown, mut column) = (String::new(), 0);
    for piece in pieces {
        if column > 0 && column + piece.len() > WIDTH {
            shown.push_str("\n ");
            column = 1;
        }
        column += piece.len();
        shown.push_str(&piece);
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_prints_its_documented_output() {
    let update = std::env::var_os("UPDATE_EXAMPLES").is_some();
    let dir = data_dir();
    let server = server_with_a_rule(&dir).await;
    let mut commands = Vec::new();
    for page in PAGES {
        let path = path_of(page);
        let mut pieces = read(&fs::read_to_string(&path).expect("the page"));
        for piece in &mut pieces {
            let Piece::Examples(examples) = piece else { continue };
            for example in examples {
                let answer = run(&example.command, &server);
                if update {
                    example.answer = shown(&answer);
                } else {
                    assert_prints(example, &answer, page);
                }
                commands.push(example.command.clone());
            }
        }
        if update {
            fs::write(&path, write(&pieces)).expect("the page can be written");
        }
    }
    assert_all_calls_have_examples(&server, &commands).await;
}

fn assert_prints(example: &Example, answer: &str, page: &str) {
    assert_eq!(
        lasting(answer),
        lasting(&example.answer),
        "{page}: {}\nprints\n{answer}\nand not\n{}",
        example.command,
        example.answer
    );
}

/// Every call of `/openapi.json` is in some command of a page.
async fn assert_all_calls_have_examples(server: &Server, commands: &[String]) {
    let document = server.api().get("/openapi.json").await;
    let paths = document["paths"].as_object().expect("an object of paths").keys();
    let shown: BTreeSet<Vec<&str>> =
        commands.iter().filter_map(|command| path_in(command)).collect();
    for path in paths {
        let wanted: Vec<&str> = path.split('/').collect();
        let is_shown = shown.iter().any(|parts| {
            parts.len() == wanted.len()
                && parts
                    .iter()
                    .zip(&wanted)
                    .all(|(part, want)| want.starts_with('{') || part == want)
        });
        assert!(is_shown, "docs/ has no example of {path}");
    }
}

/// The path that a command asks for, in parts.
fn path_in(command: &str) -> Option<Vec<&str>> {
    let (_, rest) = command.split_once(BASE)?;
    let path = rest.split(['?', '\'', ' ']).next()?;
    Some(path.split('/').collect())
}

#[test]
fn examples_are_parsed_and_rendered() {
    let page = "# a\n```console\n$ curl 'x\ny'\n{\"a\":1}\n$ b\n```\ntext\n";
    let pieces = read(page);
    let Piece::Examples(found) = &pieces[1] else { panic!("examples come second") };
    assert_eq!(found[0].command, "curl 'x\ny'");
    assert_eq!((found[0].answer.as_str(), found[1].command.as_str()), ("{\"a\":1}", "b"));
    assert_eq!(write(&pieces), page.replace("$ b\n", "$ b\n\n"));
    assert_eq!(
        lasting("{\"age_s\":5,\"b\":[{\"at\":1,\"c\":2}]}"),
        serde_json::json!({"b":[{"c":2}]})
    );
}
