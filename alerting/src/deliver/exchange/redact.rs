//! Removes the secrets of a target from texts: a receiver may repeat them in its answer, and they must not
//! get into logs and stored rows.

use reqwest::Url;

use crate::rule::Target;

/// What stands for a secret.
const HIDDEN: &str = "***";
/// Bytes from which on a part of a secret address is a secret itself: tokens are longer, words are shorter.
const PART_BYTES_MIN: usize = 16;

/// A text without the secrets of a target.
pub(in crate::deliver) fn redact(text: String, target: &Target) -> String {
    let secrets = target.secrets();
    let mut hidden: Vec<String> =
        secrets.iter().flat_map(|secret| texts_of(secret.expose())).collect();
    // Longer ones first: one may be a part of another. A replay knows no secrets: they are empty.
    hidden.retain(|text| !text.is_empty());
    hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
    hidden.iter().fold(text, |text, secret| text.replace(secret, HIDDEN))
}

/// A secret, and of an address that is one the parts that an answer may repeat alone: long parts of its path,
/// and long values of its parameters, as they are written and decoded.
fn texts_of(secret: &str) -> Vec<String> {
    let mut texts = vec![secret.to_owned()];
    if let Ok(url) = Url::parse(secret) {
        let query = url.query().unwrap_or_default();
        let written = url.path().split('/').chain(query.split(['&', '='])).map(str::to_owned);
        let decoded = url.query_pairs().map(|(_, value)| value.into_owned());
        texts.extend(written.chain(decoded).filter(|part| part.len() >= PART_BYTES_MIN));
    }
    texts
}

#[cfg(test)]
mod tests;
