//! What a call of the API is: where it is, who answers it, and how it is described. The router and
//! `/openapi.json` are made of the same calls, so neither can know one that the other does not.

use axum::handler::Handler;
use axum::routing::{MethodRouter, delete, get, post};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::params::declare::Parameter;
use crate::app::App;

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a call answers with.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// JSON of one of these types.
    Json(Vec<SchemaOf>),
    /// JSON of one of these types, or as CSV or NDJSON: see [`super::reply`].
    Rows(Vec<SchemaOf>),
    /// Text of a media type.
    Text(&'static str),
}

/// A call, with its description.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// With path parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) handler: MethodRouter<App>,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    /// What else there is to know.
    pub(crate) about: &'static str,
    pub(crate) parameters: Vec<Parameter>,
    /// The media types of the body with an example of each.
    pub(crate) bodies: &'static [(&'static str, &'static str)],
    pub(crate) answer: Answer,
    /// Status of an answer that is no problem.
    pub(crate) status: &'static str,
    /// Codes of the problems it may answer with, beside those that every call may.
    pub(crate) problems: Vec<&'static str>,
}

impl Call {
    pub(crate) fn get<T: 'static>(path: &'static str, handler: impl Handler<T, App>) -> Self {
        Self::new("get", path, get(handler))
    }

    pub(crate) fn post<T: 'static>(path: &'static str, handler: impl Handler<T, App>) -> Self {
        Self::new("post", path, post(handler))
    }

    pub(crate) fn delete<T: 'static>(path: &'static str, handler: impl Handler<T, App>) -> Self {
        Self::new("delete", path, delete(handler))
    }

    fn new(method: &'static str, path: &'static str, handler: MethodRouter<App>) -> Self {
        Self {
            method,
            path,
            handler,
            tag: "",
            summary: "",
            about: "",
            parameters: Vec::new(),
            bodies: &[],
            answer: Answer::Text("text/plain"),
            status: "200",
            problems: Vec::new(),
        }
    }

    /// A headline, and what else there is to know.
    pub(crate) const fn says(mut self, summary: &'static str, about: &'static str) -> Self {
        (self.summary, self.about) = (summary, about);
        self
    }

    /// Parameters of the path or the query string; more may be added.
    pub(crate) fn takes(mut self, parameters: &[Parameter]) -> Self {
        if parameters.iter().any(|one| one.is_in_query) {
            self = self.fails(&["invalid_parameter"]);
        }
        if parameters.iter().any(|one| !one.is_in_query) {
            self = self.fails(&["not_found"]);
        }
        self.parameters.extend_from_slice(parameters);
        self
    }

    /// A body, as one of some media types.
    pub(crate) const fn body(mut self, bodies: &'static [(&'static str, &'static str)]) -> Self {
        self.bodies = bodies;
        self
    }

    /// JSON.
    pub(crate) fn answers<B: JsonSchema>(mut self) -> Self {
        self.answer = Answer::Json(vec![SchemaGenerator::subschema_for::<B>]);
        self
    }

    /// JSON that tells of work that is still to be done.
    pub(crate) fn answers_accepted<B: JsonSchema>(self) -> Self {
        Self { status: "202", ..self.answers::<B>() }
    }

    /// JSON or rows.
    pub(crate) fn answers_rows<B: JsonSchema>(mut self) -> Self {
        self.answer = Answer::Rows(vec![SchemaGenerator::subschema_for::<B>]);
        self.fails(&["not_acceptable"])
    }

    /// JSON of another type, depending on the parameters.
    pub(crate) fn or<B: JsonSchema>(mut self) -> Self {
        if let Answer::Json(schemas) | Answer::Rows(schemas) = &mut self.answer {
            schemas.push(SchemaGenerator::subschema_for::<B>);
        }
        self
    }

    /// Text.
    pub(crate) fn answers_text(mut self, media_type: &'static str) -> Self {
        self.answer = Answer::Text(media_type);
        self
    }

    /// Codes of problems it may answer with.
    pub(crate) fn fails(mut self, codes: &[&'static str]) -> Self {
        self.problems.extend_from_slice(codes);
        self
    }

    /// The problems of a question that reads cells.
    pub(crate) fn reads_cells(self) -> Self {
        self.fails(&["too_many_cells", "answer_too_large", "query_timeout", "busy"])
    }
}

/// The calls of one subject.
pub(crate) fn tagged(tag: &'static str, calls: Vec<Call>) -> impl Iterator<Item = Call> {
    calls.into_iter().map(move |call| Call { tag, ..call })
}
