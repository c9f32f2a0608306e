//! JSON that people write: bodies of requests and files. What is wrong is said in the terms of JSON and of
//! its fields. No message of the parser about types of the program is passed on.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::nearest::nearest;

/// Names that other systems give to fields, in lower case and without `_`.
const SYNONYMS: [(&str, &[&str]); 7] = [
    ("for", &["duration", "lasts", "length", "seconds"]),
    ("end", &["until", "endsat", "to", "expiresat", "finish"]),
    ("start", &["startsat", "from", "begin", "at"]),
    ("reason", &["comment", "description", "why", "message"]),
    ("author", &["createdby", "user", "by", "who", "creator"]),
    ("match", &["matchers", "matches", "labels", "selector"]),
    ("weekly", &["schedule", "hours", "timeintervals"]),
];

/// Reads an object of JSON.
///
/// # Errors
/// A sentence that names the field and what it must be, or where the text is not JSON.
pub fn read_json_object<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    // The parser would take the values of a list as the fields of an object in their order.
    if json.trim_ascii_start().first() == Some(&b'[') {
        return Err("the JSON must be an object, not a list".to_owned());
    }
    read_json(json)
}

/// Reads JSON.
///
/// # Errors
/// As [`read_json_object`].
pub fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        problem(error.inner(), if path == "." { "" } else { &path })
    })?;
    reader.end().map_err(|error| problem(&error, ""))?;
    Ok(value)
}

/// What the parser says, in words for people and without the place.
#[must_use]
pub fn json_problem(error: &serde_json::Error) -> String {
    let text = without_place(error);
    let is_data = error.classify() == Category::Data;
    let of_field = if is_data { of_field(&text, "") } else { None };
    of_field.unwrap_or_else(|| syntax(&text).map_or(text, str::to_owned))
}

fn problem(error: &serde_json::Error, path: &str) -> String {
    let (line, column) = (error.line(), error.column());
    if error.classify() != Category::Data {
        return format!("it is not JSON: line {line}, column {column}: {}", json_problem(error));
    }
    let text = without_place(error);
    of_field(&text, path).unwrap_or_else(|| match path {
        "" => text,
        path => format!("field `{path}`: {text}"),
    })
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// A mistake in the syntax, in the terms of JSON; `None` for messages that are in these terms already.
fn syntax(text: &str) -> Option<&'static str> {
    Some(match text {
        "EOF while parsing a list" => "it ends within a list",
        "EOF while parsing an object" => "it ends within an object",
        "EOF while parsing a string" => "it ends within a text, which needs a quote at its end",
        "EOF while parsing a value" => "it ends where a value must be",
        "expected ident" | "expected value" => {
            "here must be a value: an object, a list, a text in double quotes, a number, true, false or null"
        }
        "key must be a string" => "here must be the name of a field in double quotes",
        "trailing characters" => "something follows the end of the JSON",
        "trailing comma" => "no value follows the comma",
        "lone leading surrogate in hex escape" => "one half of a surrogate pair stands alone",
        "recursion limit exceeded" => "lists and objects are nested too deeply",
        _ if text.starts_with("control character") => {
            "a text holds a control character; write it escaped, a line break as \\n"
        }
        _ => return None,
    })
}

/// The sentence for a mistake of a field; `None` for a message that was written for people.
fn of_field(text: &str, path: &str) -> Option<String> {
    let subject = || match path {
        "" => "the JSON".to_owned(),
        path => format!("field `{path}`"),
    };
    let inside = |name: &str| {
        let parent = path.strip_suffix(name).unwrap_or(path).trim_end_matches('.');
        if parent.is_empty() { String::new() } else { format!(" in `{parent}`") }
    };
    let rest = text.strip_prefix("invalid type: ").or_else(|| text.strip_prefix("invalid value: "));
    if let Some((found, expected)) = rest.and_then(|rest| rest.split_once(", expected ")) {
        return Some(format!("{} must be {}, not {}", subject(), wanted(expected), given(found)));
    }
    // A list is read as the fields of an object in their order, and has too few or too many of them.
    if text.starts_with("invalid length") && text.contains("struct") {
        return Some(format!("{} must be an object, not a list", subject()));
    }
    if text.starts_with("data did not match any variant") {
        return Some(format!("{} must be a string or a list of strings", subject()));
    }
    let mut quoted = text.split('`').skip(1).step_by(2);
    let name = quoted.next()?;
    if text.starts_with("missing field") {
        return Some(format!("field `{name}` is missing{}; add it", inside("")));
    }
    if text.starts_with("duplicate field") {
        return Some(format!("field `{name}` is given twice{}; keep one", inside(name)));
    }
    let known: Vec<&str> = quoted.collect();
    let remedy = match likely(name, &known) {
        Some(likely) => format!("did you mean `{likely}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    let problem = match text {
        _ if text.starts_with("unknown field") => "is not a field",
        _ if text.starts_with("unknown variant") => "is not known",
        _ => return None,
    };
    Some(format!("`{name}` {problem}{}; {remedy}", inside(name)))
}

/// The known field that somebody meant.
fn likely<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = name.to_lowercase().replace(['_', '-'], "");
    let synonym = SYNONYMS.iter().find(|(_, names)| names.contains(&plain.as_str()));
    let meant = synonym.and_then(|(field, _)| known.iter().find(|it| *it == field).copied());
    meant.or_else(|| nearest(name, known.iter().copied()))
}

fn wanted(expected: &str) -> String {
    match expected {
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "u64" | "u32" | "usize" => "a whole number, 0 or more".to_owned(),
        "i64" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        _ if expected.starts_with("struct ") || expected == "a map" => "an object".to_owned(),
        _ => expected.to_owned(),
    }
}

fn given(found: &str) -> String {
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        _ => {
            let value = found.split('`').nth(1);
            match (found.split([' ', '`']).next(), value) {
                (Some("integer" | "floating"), Some(number)) => format!("the number {number}"),
                (Some("boolean"), Some(value)) => value.to_owned(),
                _ => found.to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
