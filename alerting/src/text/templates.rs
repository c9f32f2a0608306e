//! Templates of messages: how they are checked and rendered.
//!
//! The length of a template, the steps it may take and the length of its output are limited. It reads
//! nothing but its phrases.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::phrases::Phrases;
use crate::limits::MESSAGE_BYTES_MAX;

/// Bytes of a template in the rules file.
const TEMPLATE_BYTES_MAX: usize = 16 << 10;
/// Steps that a template may take.
const TEMPLATE_FUEL_MAX: u64 = 100_000;

/// Why a template is rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateError {
    /// Line of the template, from 1.
    pub(crate) line: u64,
    /// What is wrong there, and how to fix it.
    pub(crate) detail: String,
}

/// Checks a template of the rules file: that it can be parsed, uses no unknown name in any branch, and can
/// be rendered for the trigger and the resolve of an alert.
pub(crate) fn check(template: &str) -> Result<(), TemplateError> {
    if template.len() > TEMPLATE_BYTES_MAX {
        let detail = format!("it has {} bytes, the limit is {TEMPLATE_BYTES_MAX}", template.len());
        return Err(TemplateError { line: 1, detail });
    }
    let environment =
        environment(UndefinedBehavior::Strict).map_err(|error| template_error(&error))?;
    let parsed = environment.template_from_str(template).map_err(|error| template_error(&error))?;
    let known = Phrases::names();
    let is_known = |name: &String| {
        known.contains(name) || environment.globals().any(|(global, _)| global == name)
    };
    let mut unknown: Vec<String> = parsed.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !is_known(name));
    let unknown = unknown.into_iter().map(|name| (line_of(template, &name), name)).min();
    if let Some((line, name)) = unknown {
        let detail = format!("there is no `{name}`; use some of {}", known.join(", "));
        return Err(TemplateError { line, detail });
    }
    for begins in [true, false] {
        let phrases = Phrases::sample(begins);
        render_in(&environment, template, &phrases, MESSAGE_BYTES_MAX)
            .map_err(|error| template_error(&error))?;
    }
    Ok(())
}

/// Renders a template to at most `bytes_max` bytes. Missing values are empty.
pub(crate) fn render(template: &str, phrases: &Phrases, bytes_max: usize) -> Result<String, Error> {
    render_in(&environment(UndefinedBehavior::Lenient)?, template, phrases, bytes_max)
}

fn render_in(
    environment: &Environment<'_>,
    template: &str,
    phrases: &Phrases,
    bytes_max: usize,
) -> Result<String, Error> {
    let mut text = Bounded { bytes: Vec::new(), bytes_max };
    environment.template_from_str(template)?.render_captured_to(Serde(phrases), &mut text)?;
    Ok(String::from_utf8_lossy(&text.bytes).into_owned())
}

fn environment<'t>(undefined: UndefinedBehavior) -> Result<Environment<'t>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(undefined);
    environment.set_fuel(Some(TEMPLATE_FUEL_MAX));
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    Ok(environment)
}

fn template_error(error: &Error) -> TemplateError {
    TemplateError {
        line: error.line().map_or(1, |line| line as u64),
        detail: in_plain_words(error),
    }
}

/// What is wrong, in the terms of a template. The engine names its tokens, kinds and types.
fn in_plain_words(error: &Error) -> String {
    let detail = error.detail().unwrap_or_default();
    let name = |before: &str, after: &str| {
        detail.strip_prefix(before).and_then(|name| name.strip_suffix(after)).unwrap_or(detail)
    };
    match error.kind() {
        ErrorKind::SyntaxError => {
            let detail = TOKENS
                .iter()
                .fold(detail.to_owned(), |text, (token, sign)| text.replace(token, sign));
            format!(
                "{detail}; every `{{{{` needs its `}}}}`, and every `{{% if %}}` its `{{% endif %}}`"
            )
        }
        ErrorKind::UnknownFilter => {
            format!("there is no filter `{}`", name("filter ", " is unknown"))
        }
        ErrorKind::UnknownTest => format!("there is no test `{}`", name("test ", " is unknown")),
        ErrorKind::UnknownFunction => {
            format!("there is no function `{}`", name("", " is unknown"))
        }
        ErrorKind::UndefinedError => {
            "a value has no such part; fields of a message are texts, lists of texts, and `labels`"
                .to_owned()
        }
        ErrorKind::OutOfFuel => "it takes too many steps; shorten its loops".to_owned(),
        ErrorKind::WriteFailure => {
            format!("the message would have more than {MESSAGE_BYTES_MAX} bytes; shorten it")
        }
        _ if detail.is_empty() => "it cannot be rendered for an alert; simplify it".to_owned(),
        _ => format!("it cannot be rendered for an alert: {detail}"),
    }
}

/// Tokens of the engine and the signs of a template, longer ones first.
const TOKENS: [(&str, &str); 9] = [
    ("start of variable block", "`{{`"),
    ("end of variable block", "`}}`"),
    ("start of block", "`{%`"),
    ("end of block", "`%}`"),
    ("end of input", "end of the template"),
    ("template-data", "text"),
    ("unknown statement", "unknown instruction"),
    ("expected statement", "expected an instruction such as `if`"),
    ("identifier", "a name"),
];

/// The first line that has a name as a whole word.
fn line_of(template: &str, name: &str) -> u64 {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let has_it = |line: &str| line.split(|letter| !is_part(letter)).any(|word| word == name);
    template.lines().position(has_it).map_or(1, |line| line as u64 + 1)
}

/// A writer that takes at most `bytes_max` bytes.
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            let detail = format!("the text has more than {} bytes", self.bytes_max);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, detail));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
