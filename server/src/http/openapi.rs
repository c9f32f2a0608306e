//! `GET /openapi.json`: the API as an OpenAPI 3.1 document, built from the calls of the router and from the
//! types of their answers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::call::{Access, Answer, Call};
use super::calls;
use super::params::declare::ParameterDescription;
use crate::app::App;
use crate::error::{ErrorCode, Problem};

/// An OpenAPI document.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Description(Map<String, Value>);

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call::get("/openapi.json", openapi)
            .public()
            .about("This description", "")
            .answers::<Description>(),
    ]
}

async fn openapi(State(_): State<App>) -> Json<&'static Description> {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| describe(&calls::all()));
    Json(&DESCRIPTION)
}

fn describe(calls: &[Call]) -> Description {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let settings =
        settings.with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut schemas = settings.into_generator();
    let problem = schemas.subschema_for::<Problem<'_>>();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for call in calls {
        let operation = operation(call, &mut schemas, &problem);
        paths.entry(call.path).or_default().insert(call.method.to_owned(), operation);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Plimsoll",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Stores events, counts and latencies of partner integrations, answers queries about them, and notifies people when a partner keeps failing. Times in answers are RFC 3339 UTC. Errors are RFC 9457 problems with a stable `code`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {"key": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key, once the server has one. `X-Api-Key` and the password of Basic are possible too. The names beside `key` are scopes.",
            }},
        },
    });
    match document {
        Value::Object(fields) => Description(fields),
        _ => Description(Map::new()),
    }
}

fn operation(call: &Call, schemas: &mut SchemaGenerator, problem: &schemars::Schema) -> Value {
    let mut responses = Map::new();
    responses.insert(call.status.to_owned(), answer(call, schemas));
    if matches!(call.answer, Answer::Rows(_)) {
        let unchanged = "The answer is the one whose tag was sent as `If-None-Match`.";
        responses.insert("304".to_owned(), json!({"description": unchanged}));
    }
    for (status, codes) in errors(call) {
        let described = codes
            .iter()
            .map(|code| format!("- `{}`: {}; {}", code.as_str(), code.title(), code.remedy()));
        let response = json!({
            "description": described.collect::<Vec<_>>().join("\n"),
            "content": {"application/problem+json": {"schema": problem}},
        });
        responses.insert(status.to_string(), response);
    }
    let mut operation = json!({
        "operationId": operation_id(call),
        "tags": [call.tag],
        "summary": call.summary,
        "parameters": call.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": responses,
    });
    operation["security"] = match call.access {
        Access::Public => json!([]),
        Access::Takes(scope) => json!([{}, {"key": [scope.as_str()]}]),
    };
    if !call.about.is_empty() {
        operation["description"] = call.about.into();
    }
    if !call.bodies.is_empty() {
        let content = |(media_type, example): &(&str, &str)| {
            let example = serde_json::from_str(example).unwrap_or(Value::Null);
            ((*media_type).to_owned(), json!({"example": example}))
        };
        let content: Map<_, _> = call.bodies.iter().map(content).collect();
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    operation
}

/// `query_latency` of `GET /api/v1/query/latency`; a name that clients may be generated under.
fn operation_id(call: &Call) -> String {
    let path = call.path.trim_start_matches("/api/v1").trim_start_matches('/');
    let id = path.replace(['/', '.'], "_").replace(['{', '}'], "");
    // A page has the path of its call without the version.
    let id = if call.tag == "pages" { format!("page_{id}") } else { id };
    if call.method == "get" { id } else { format!("{}_{id}", call.method) }
}

fn answer(call: &Call, schemas: &mut SchemaGenerator) -> Value {
    let mut json_of = |types: &[fn(&mut SchemaGenerator) -> schemars::Schema]| match types {
        [one] => json!(one(schemas)),
        several => json!({"anyOf": several.iter().map(|one| one(schemas)).collect::<Vec<_>>()}),
    };
    let text = json!({"schema": {"type": "string"}});
    match &call.answer {
        Answer::Json(types) => {
            let content = json!({"application/json": {"schema": json_of(types)}});
            json!({"description": "The answer.", "content": content})
        }
        Answer::Rows(types) => json!({
            "description": "The answer; as CSV or NDJSON it has a row for each point, with the labels of its series.",
            "headers": {
                "ETag": {"schema": {"type": "string"}, "description": "A strong tag of these bytes."},
                "Cache-Control": {"schema": {"type": "string"}},
                "Plimsoll-Damaged": {
                    "schema": {"type": "integer"},
                    "description": "How many blocks could not be read, when there are any.",
                },
            },
            "content": {
                "application/json": {"schema": json_of(types)},
                "text/csv": text,
                "application/x-ndjson": text,
            },
        }),
        Answer::Text(media_type) => {
            json!({"description": "The answer.", "content": {*media_type: text}})
        }
    }
}

/// The errors of a call by status.
fn errors(call: &Call) -> BTreeMap<u16, Vec<ErrorCode>> {
    use ErrorCode::{
        CrossSite, ForeignHost, Internal, KeyDenied, KeyMissing, PartnerNotAllowed, ScopeMissing,
    };
    let has = |in_query| call.parameters.iter().any(|one| one.is_in_query == in_query);
    let of_query = has(true).then_some(ErrorCode::InvalidParameter);
    let of_path = has(false).then_some(ErrorCode::NotFound);
    let codes = of_query.into_iter().chain(of_path).chain(call.errors.iter().copied());
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    let of_keys: &[ErrorCode] = match call.access {
        Access::Public => &[],
        Access::Takes(_) => &[KeyMissing, KeyDenied, ScopeMissing, PartnerNotAllowed],
    };
    let of_browsers: &[ErrorCode] = if call.method == "get" { &[] } else { &[CrossSite] };
    let of_all = of_keys.iter().chain(of_browsers).copied().chain([ForeignHost, Internal]);
    for code in codes.chain(of_all) {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    by_status
}

fn parameter(parameter: &ParameterDescription) -> Value {
    let place = if parameter.is_in_query { "query" } else { "path" };
    let mut described = json!({
        "name": parameter.name,
        "in": place,
        "required": !parameter.is_in_query,
        "description": parameter.about,
        "schema": parameter.schema,
        "example": parameter.example,
    });
    if !parameter.needs.is_empty() {
        described["x-needs"] = parameter.needs.into();
    }
    described
}

#[cfg(test)]
mod tests;
