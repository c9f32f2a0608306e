//! Rules that came over the network: they are evaluated, and nobody is notified.
//!
//! Only the names of receivers are used. Their targets and secrets are not read, so that a request cannot
//! reveal what the server's environment and files hold.

use std::path::Path;

use plimsoll_alerting::{RuleError, RuleSet};
use serde_json::{Value, json};

/// Reads rules that are YAML, or JSON, which is YAML too.
///
/// # Errors
/// The first mistake, as a sentence.
pub(crate) fn read(text: &str) -> Result<RuleSet, String> {
    let file: Option<Value> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    of_value(file.unwrap_or_else(|| json!({})))
}

/// Checks rules that are parsed as JSON.
///
/// # Errors
/// The first mistake, as a sentence.
pub(crate) fn of_value(mut file: Value) -> Result<RuleSet, String> {
    if let Some(receivers) = file.get_mut("receivers").and_then(Value::as_array_mut) {
        receivers.iter_mut().for_each(keep_name);
    }
    let none = |_: &str| None;
    RuleSet::parse(&file.to_string(), &none, Path::new(".")).map_err(|error| {
        // The line number belongs to the text made here, which the caller has not seen.
        RuleError { line: 0, ..*error }.to_string()
    })
}

/// Replaces a receiver by one of the same name with an invalid target.
fn keep_name(receiver: &mut Value) {
    let name = receiver.get("name").cloned().unwrap_or_default();
    let escalate = receiver.get("escalate").cloned();
    let url = "https://replay.invalid/";
    let secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    *receiver = json!({ "name": name, "webhook": { "url": url, "secret": secret } });
    // A receiver of escalations is not among the receivers that `*` means.
    if let (Some(fields), Some(escalate)) = (receiver.as_object_mut(), escalate) {
        fields.insert("escalate".to_owned(), escalate);
    }
}

#[cfg(test)]
mod tests;
