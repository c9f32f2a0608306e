//! The mapping file of an import: which path prefix belongs to which partner.
//!
//! ```yaml
//! - { prefix: /api/carriers, partner: "path:3", operation: "path:4", environment: production, site: ams1 }
//! - { prefix: /shop, partner: shopify }
//! ```
//!
//! The longest prefix of a path decides. Labels that an entry does not set are taken from the flags.

use std::collections::HashMap;

use plimsoll_alerting::rule::yaml_problem;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::route::{LabelSource, LabelSources, Routes};

/// What is wrong with a mapping file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MappingError {
    /// Not YAML, or not a mapping.
    #[error("{file}: {detail}")]
    Unreadable {
        /// The file.
        file: String,
        /// The parser's error, with line and column.
        detail: String,
    },
    /// A field has a value that cannot be used.
    #[error("{file}, line {line}, {field}: {detail}")]
    Field {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The name of the field.
        field: &'static str,
        /// What is wrong and how to correct it.
        detail: String,
    },
}

/// One entry as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    prefix: Spanned<String>,
    partner: Option<Spanned<String>>,
    operation: Option<Spanned<String>>,
    environment: Option<Spanned<String>>,
    site: Option<Spanned<String>>,
}

impl Routes {
    /// Adds the routes of a mapping file; `file` is its name for errors.
    ///
    /// # Errors
    /// The text is not a mapping, or an entry is wrong; the error names the line and the field.
    pub(crate) fn with_mapping(self, file: &str, text: &str) -> Result<Self, MappingError> {
        let entries: Vec<Entry> =
            serde_saphyr::from_str(text).map_err(|error| unreadable(file, text, &error))?;
        let mut first_lines = HashMap::new();
        let mut by_prefix = Vec::with_capacity(entries.len());
        for entry in &entries {
            let context = Context { file, first_lines: &mut first_lines };
            by_prefix.push(context.route(entry, self.fallback())?);
        }
        Ok(self.with_prefixes(by_prefix))
    }
}

fn unreadable(file: &str, text: &str, error: &serde_saphyr::Error) -> MappingError {
    let problem = yaml_problem(text, error);
    let detail = match error.location() {
        Some(location) => format!("line {}: {problem}", location.line()),
        None => problem,
    };
    MappingError::Unreadable { file: file.to_owned(), detail }
}

/// What the check of an entry needs.
struct Context<'a> {
    file: &'a str,
    /// The line of the first occurrence of each prefix.
    first_lines: &'a mut HashMap<String, u64>,
}

impl Context<'_> {
    fn route(
        self,
        entry: &Entry,
        fallback: &LabelSources,
    ) -> Result<(String, LabelSources), MappingError> {
        let sources = LabelSources {
            partner: self.source("partner", entry.partner.as_ref())?,
            operation: self.source("operation", entry.operation.as_ref())?,
            environment: self.source("environment", entry.environment.as_ref())?,
            site: self.source("site", entry.site.as_ref())?,
        };
        let sources = sources.or(fallback);
        if sources.partner.is_none() {
            return Err(self.error(
                "partner",
                &entry.prefix,
                "is missing: set it here or with --partner",
            ));
        }
        Ok((self.prefix(&entry.prefix)?, sources))
    }

    fn prefix(self, written: &Spanned<String>) -> Result<String, MappingError> {
        if !written.value.starts_with('/') {
            return Err(self.error("prefix", written, "must start with '/'"));
        }
        let prefix = written.value.trim_end_matches('/').to_owned();
        if let Some(first) = self.first_lines.get(&prefix) {
            let detail = format!("{:?} is already in line {first}", written.value);
            return Err(self.error("prefix", written, detail));
        }
        self.first_lines.insert(prefix.clone(), written.referenced.line());
        Ok(prefix)
    }

    fn source(
        &self,
        field: &'static str,
        written: Option<&Spanned<String>>,
    ) -> Result<Option<LabelSource>, MappingError> {
        let Some(written) = written else {
            return Ok(None);
        };
        let source = written.value.parse::<LabelSource>();
        source.map(Some).map_err(|error| self.error(field, written, error.to_string()))
    }

    fn error(
        &self,
        field: &'static str,
        at: &Spanned<String>,
        detail: impl Into<String>,
    ) -> MappingError {
        MappingError::Field {
            file: self.file.to_owned(),
            line: at.referenced.line(),
            field,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests;
