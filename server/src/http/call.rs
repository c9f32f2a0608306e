//! What a call of the API is: its path, its handler and its description. The router and `/openapi.json` are
//! built from the same calls, so neither has one that the other lacks.

use axum::Extension;
use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::{Next, from_fn};
use axum::routing::{MethodRouter, delete, get, post};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::params::declare::{Declared, ParameterDescription};
use super::reply::{RowSchema, offer};
use crate::access::Scope;
use crate::app::App;
use crate::error::ErrorCode;

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

/// Who may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody, without a key.
    Public,
    /// Whoever has a key with a scope.
    Takes(Scope),
}

/// A call, with its description.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// With path parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) handler: MethodRouter<App>,
    /// The subject that it is listed under.
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    /// Details beyond the summary.
    pub(crate) about: &'static str,
    pub(crate) parameters: Vec<ParameterDescription>,
    /// The media types of the body with an example of each.
    pub(crate) bodies: &'static [(&'static str, &'static str)],
    pub(crate) answer: Answer,
    /// Status of an answer that is not an error.
    pub(crate) status: &'static str,
    /// Errors beside those that follow from the parameters and those that every call may have.
    pub(crate) errors: Vec<ErrorCode>,
}

impl Call {
    /// A call that reads.
    pub(crate) fn get<T: 'static>(path: &'static str, handler: impl Handler<T, App>) -> Self {
        Self::new("get", path, Scope::Read, get(handler))
    }

    /// A call that changes something.
    pub(crate) fn post<T: 'static>(path: &'static str, handler: impl Handler<T, App>) -> Self {
        Self::new("post", path, Scope::Operate, post(handler))
    }

    pub(crate) fn delete<T: 'static>(path: &'static str, handler: impl Handler<T, App>) -> Self {
        Self::new("delete", path, Scope::Operate, delete(handler))
    }

    fn new(
        method: &'static str,
        path: &'static str,
        scope: Scope,
        handler: MethodRouter<App>,
    ) -> Self {
        Self {
            method,
            path,
            access: Access::Takes(scope),
            handler,
            tag: "",
            summary: "",
            about: "",
            parameters: Vec::new(),
            bodies: &[],
            answer: Answer::Text("text/plain"),
            status: "200",
            errors: Vec::new(),
        }
    }

    /// Takes another scope than calls of its method do.
    pub(crate) fn scope(self, scope: Scope) -> Self {
        Self { access: Access::Takes(scope), ..self }
    }

    /// Takes no key.
    pub(crate) fn public(self) -> Self {
        Self { access: Access::Public, ..self }
    }

    /// Whether its answer is limited to the partners of a key: by the parameters that select streams, or item
    /// by item.
    pub(crate) fn is_narrowed(&self) -> bool {
        let takes_items = self.access == Access::Takes(Scope::Push);
        takes_items || self.parameters.iter().any(|one| one.selects_streams)
    }

    /// A summary, and details beyond it.
    pub(crate) const fn about(mut self, summary: &'static str, about: &'static str) -> Self {
        (self.summary, self.about) = (summary, about);
        self
    }

    /// Parameters of the path or the query string; more may be added.
    pub(crate) fn takes(mut self, parameters: &[&dyn Declared]) -> Self {
        parameters.iter().for_each(|one| one.describe(&mut self.parameters));
        self
    }

    /// A body, as one of some media types.
    pub(crate) const fn body(mut self, bodies: &'static [(&'static str, &'static str)]) -> Self {
        self.bodies = bodies;
        self
    }

    /// Answers with JSON.
    pub(crate) fn answers<B: JsonSchema>(mut self) -> Self {
        self.answer = Answer::Json(vec![SchemaGenerator::subschema_for::<B>]);
        self.offers(&["application/json"])
    }

    /// Answers with JSON, or with text for people.
    pub(crate) fn answers_or_text<B: JsonSchema>(mut self) -> Self {
        self.answer = Answer::Json(vec![SchemaGenerator::subschema_for::<B>]);
        self.offers(&["application/json", "text/plain"])
    }

    /// Rejects a query that allows no media type of its answer. Other calls have done their work by then, so
    /// they answer in JSON whatever is allowed.
    fn offers(mut self, offered: &'static [&'static str]) -> Self {
        if self.method != "get" {
            return self;
        }
        let check = move |request: Request, next: Next| offer(offered, request, next);
        self.handler = self.handler.layer(from_fn(check));
        self.errors(&[ErrorCode::NotAcceptable])
    }

    /// Answers 202 with JSON about work that is still to be done.
    pub(crate) fn answers_accepted<B: JsonSchema>(self) -> Self {
        Self { status: "202", ..self.answers::<B>() }
    }

    /// Answers with JSON or rows.
    pub(crate) fn answers_rows<B: JsonSchema>(mut self) -> Self {
        self.answer = Answer::Rows(vec![SchemaGenerator::subschema_for::<B>]);
        self.handler =
            self.handler.layer(Extension(RowSchema(SchemaGenerator::subschema_for::<B>)));
        self.errors(&[ErrorCode::NotAcceptable])
    }

    /// Answers with JSON of another type, depending on the parameters.
    pub(crate) fn or<B: JsonSchema>(mut self) -> Self {
        if let Answer::Json(schemas) | Answer::Rows(schemas) = &mut self.answer {
            schemas.push(SchemaGenerator::subschema_for::<B>);
        }
        self
    }

    /// Answers with text.
    pub(crate) fn answers_text(mut self, media_type: &'static str) -> Self {
        self.answer = Answer::Text(media_type);
        self
    }

    /// Errors that it may have.
    pub(crate) fn errors(mut self, codes: &[ErrorCode]) -> Self {
        self.errors.extend_from_slice(codes);
        self
    }

    /// The errors of a query that reads cells.
    pub(crate) fn reads_cells(self) -> Self {
        use ErrorCode::{AnswerTooLarge, Busy, QueryTimeout, TooManyCells};
        self.errors(&[TooManyCells, AnswerTooLarge, QueryTimeout, Busy])
    }
}
