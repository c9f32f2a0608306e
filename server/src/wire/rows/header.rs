//! The columns of an answer without rows, from the JSON Schema of the answer. Columns that only the data
//! show, such as labels and outcome classes, are not among them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{NESTED, Rank};

/// How deep fields are nested at most.
const DEPTH_MAX: usize = 4;

/// The columns of an answer of this schema, whose rows are the elements of lists; `definitions` has the
/// schemas that it refers to.
pub(crate) fn header(
    schema: &Value,
    definitions: &Map<String, Value>,
    lists: &[&str],
) -> Vec<String> {
    let schemas = Schemas { definitions };
    let body = schemas.resolve(schema);
    let lists = if lists.is_empty() { &["series"][..] } else { lists };
    let mut columns = BTreeSet::new();
    let mut found = lists.iter().filter_map(|list| body["properties"].get(list)).peekable();
    if found.peek().is_none() {
        return Vec::new();
    }
    for list in found {
        let element = schemas.resolve(&list["items"]);
        if !element["properties"].is_object() {
            schemas.collect_plain(body, &mut columns);
            columns.insert((Rank::Other, "value".to_owned()));
        }
        schemas.collect("", element, DEPTH_MAX, &mut columns);
        let nested = NESTED.into_iter().find_map(|name| element["properties"].get(name));
        if let Some(nested) = nested {
            schemas.collect("", schemas.resolve(&nested["items"]), DEPTH_MAX, &mut columns);
        }
    }
    columns.into_iter().map(|(_, name)| name).collect()
}

struct Schemas<'a> {
    definitions: &'a Map<String, Value>,
}

impl<'a> Schemas<'a> {
    /// The schema itself: what it refers to, or its first alternative that is not null.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..DEPTH_MAX {
            let alternatives = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
            if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
                schema = self.definitions.get(name).unwrap_or(&Value::Null);
            } else if let Some(first) =
                alternatives.and_then(|all| all.iter().find(|it| it["type"] != "null"))
            {
                schema = first;
            }
        }
        schema
    }

    /// The texts and numbers of an object.
    fn collect_plain(&self, object: &'a Value, columns: &mut BTreeSet<(Rank, String)>) {
        for (name, schema) in object["properties"].as_object().into_iter().flatten() {
            let schema = self.resolve(schema);
            if schema["items"].is_null() && schema["properties"].is_null() {
                columns.insert((Rank::Other, name.clone()));
            }
        }
    }

    /// The fields of an object, and of objects within it, by their paths.
    fn collect(
        &self,
        path: &str,
        object: &'a Value,
        depth: usize,
        columns: &mut BTreeSet<(Rank, String)>,
    ) {
        let Some(fields) = object["properties"].as_object() else { return };
        for (name, schema) in fields {
            let schema = self.resolve(schema);
            let column = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let rank = match column.as_str() {
                "t" => Rank::Time,
                "count" => Rank::Count,
                _ => Rank::Other,
            };
            let of_objects = self.resolve(&schema["items"])["properties"].is_object();
            if schema["properties"].is_object() {
                if depth > 0 {
                    self.collect(&column, schema, depth - 1, columns);
                }
            } else if !of_objects && !schema["additionalProperties"].is_object() {
                columns.insert((rank, column));
            }
        }
    }
}
