//! What is wrong with the shape of a rules file, in the terms of the file. No message of the parser is
//! passed on: it names types and options of a program.

use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::locate::Located;
use super::values::OWN_MESSAGES;
use crate::text::nearest::nearest;

const TOO_DEEP: &str =
    "lists and mappings are nested too deeply; a rules file needs no more than ten levels";
/// Characters of a value that a message shows.
const SHOWN_CHARS_MAX: usize = 60;
/// What begins a value that must be in quotes, because it means something else in YAML.
const NEEDS_QUOTES: [char; 8] = ['>', '|', '*', '&', '!', '%', '@', '`'];

/// A line of the file, and the column of a mistake in it, from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) column: u64,
}

/// The sentence for a mistake that lies in a line of the text.
pub(super) fn message(error: &Error, at: &Located, line: Line<'_>) -> String {
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => {
            message(error, at, line)
        }
        Error::Message { msg, .. } if OWN_MESSAGES.contains(&msg.as_str()) => msg.clone(),
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("`{}` is not a field here; {}", shown(field), instead_of(field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("`{}` is not known here; {}", shown(variant), instead_of(variant, expected))
        }
        Error::SerdeMissingField { field, .. } => format!("`{field}` is missing; add it"),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("`{}` is given twice; remove one of the two", shown(key))
        }
        Error::DuplicateMappingKey { key: None, .. } => {
            "a key is given twice; remove one of the two".to_owned()
        }
        Error::MultipleDocuments { .. } => {
            "there is more than one YAML document; remove the line `---`".to_owned()
        }
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => TOO_DEEP.to_owned(),
        Error::Budget { breach, .. } => too_much(breach).to_owned(),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "aliases (`*name`) are used too often or in a circle; write the values out".to_owned()
        }
        _ => quotes(at, line).unwrap_or_else(|| value(error, at, line)),
    }
}

/// The sentence for a value of another type than its field has, or for a text that is no YAML.
fn value(error: &Error, at: &Located, line: Line<'_>) -> String {
    let given = given(at);
    match error {
        Error::InvalidScalar { ty, .. } => match *ty {
            ty if ty.starts_with('f') => format!("{given} must be a number, such as 0.95"),
            ty if ty.starts_with("bool") => format!("{given} must be `true` or `false`"),
            _ => format!("{given} must be a whole number, 0 or more"),
        },
        Error::NullIntoString { .. } => "has no value; give one, or remove the field".to_owned(),
        Error::SerdeInvalidType { unexpected, expected, .. } => {
            other_type(unexpected, expected, &given)
        }
        Error::Unexpected { expected, .. } => {
            if expected.contains("sequence") {
                format!("{given} must be a list, such as `[a, b]`")
            } else if expected.contains("mapping") {
                format!("{given} must have fields of its own, such as `{{ field: value }}`")
            } else {
                "must be one value, neither a list nor a mapping".to_owned()
            }
        }
        Error::ExternallyTaggedEnumExpectedScalarOrMapping { .. }
        | Error::UnexpectedValueForUnitEnumVariant { .. }
        | Error::ExpectedStringKeyForExternallyTaggedEnum { .. } => {
            format!(
                "{given} must be of a known kind, as in `ratio: {{ of: [5xx], stream: requests }}`"
            )
        }
        Error::ExpectedMappingEndAfterEnumVariantValue { .. } => {
            "has more than one kind; keep one".to_owned()
        }
        Error::NonFiniteFloat { .. } => format!("{given} must be a finite number"),
        Error::UnknownAnchor { .. } => {
            "refers to an anchor that is not defined; put a value that begins with `*` in quotes"
                .to_owned()
        }
        Error::UnsupportedTag { .. }
        | Error::TaggedEnumMismatch { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. } => {
            "begins with `!`, which is a tag in YAML; put the value in quotes".to_owned()
        }
        Error::ExternalMessage { msg, .. }
            if msg.contains("depth") || msg.contains("recursion") =>
        {
            TOO_DEEP.to_owned()
        }
        _ if line.text.trim_start_matches(' ').starts_with('\t') => {
            "a tab indents the line, which YAML does not allow; use spaces".to_owned()
        }
        Error::Eof { .. } => "the file ends too early; complete the last entry".to_owned(),
        _ => "is not YAML here; check the indentation, and that every quote and bracket is closed"
            .to_owned(),
    }
}

/// A value of another type. Numbers, booleans and nothing are what YAML makes of a text without quotes.
fn other_type(unexpected: &str, expected: &str, given: &str) -> String {
    let is_text = !expected.starts_with("struct ") && !expected.contains("map");
    let read_as = ["boolean", "integer", "floating point"].into_iter();
    let read_as = read_as
        .into_iter()
        .find(|kind| unexpected.starts_with(kind))
        .map(|kind| if kind == "boolean" { "true or false" } else { "a number" });
    match read_as {
        Some(kind) if is_text => format!("{given} is {kind} in YAML; put it in quotes"),
        _ if unexpected.starts_with("unit") => {
            "has no value; give one, or remove the field".to_owned()
        }
        _ if expected.contains("sequence") => format!("{given} must be a list, such as `[a, b]`"),
        _ if is_text => format!("{given} must be {expected}"),
        _ => format!("{given} must have fields of its own, such as `{{ field: value }}`"),
    }
}

/// The remedy for a value that begins with a character that means something else in YAML.
fn quotes(at: &Located, line: Line<'_>) -> Option<String> {
    let column = usize::try_from(line.column.saturating_sub(1)).ok()?;
    let (start, _) = line.text.char_indices().nth(column)?;
    let (before, rest) = line.text.split_at(start);
    let begins = rest.chars().next().filter(|c| NEEDS_QUOTES.contains(c))?;
    if hides_values(at) {
        return Some(format!("a value that begins with `{begins}` needs quotes"));
    }
    // In brackets a value ends with a comma or bracket.
    let end =
        if before.contains(['{', '[']) { rest.find([',', '}', ']']) } else { rest.find(" #") };
    let bare = shown(rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest).trim());
    let key = before.trim_end().strip_suffix(':');
    let key = key.and_then(|it| it.rsplit([' ', '{', ',']).next()).filter(|key| !key.is_empty());
    Some(match key {
        Some(key) => format!("put the value in quotes: {key}: \"{bare}\""),
        None => format!("put the value in quotes: \"{bare}\""),
    })
}

/// What to write in the place of an unknown name.
fn instead_of(name: &str, expected: &[&'static str]) -> String {
    match nearest(name, expected.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of {}", expected.join(", ")),
    }
}

const fn too_much(breach: &BudgetBreach) -> &'static str {
    match breach {
        BudgetBreach::Aliases { .. }
        | BudgetBreach::Anchors { .. }
        | BudgetBreach::MergeKeys { .. }
        | BudgetBreach::AliasAnchorRatio { .. }
        | BudgetBreach::RecordedAnchorEvents { .. }
        | BudgetBreach::RecordedAnchorBytes { .. } => {
            "there are too many aliases (`*name`); write the values out"
        }
        _ => "the file has too many values; remove some",
    }
}

/// The value as the subject of a sentence. Values of receivers are not shown, because they may be secrets.
fn given(at: &Located) -> String {
    match &at.value {
        Some(value) if !hides_values(at) && !value.is_empty() => format!("`{}`", shown(value)),
        _ => "the value".to_owned(),
    }
}

fn hides_values(at: &Located) -> bool {
    at.section == "receivers"
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
