//! The columns of a table: those of its rows, and those that the JSON Schema of the answer or an example of
//! it has. A table has the same columns whatever the data lacks. Only the outcome classes and the buckets of
//! a heat map depend on the data.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{NESTED, rows};

/// How deep fields are nested at most.
const DEPTH_MAX: usize = 4;

/// The place of a column: labels come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Label,
    Time,
    Count,
    Other,
    /// The n-th bucket of a heat map.
    Bucket(usize),
}

/// Columns: the labels, `t`, `count`, the other fields in the order of their names, and the buckets of a heat
/// map. A nested field is named by its path, the element of a list of quantiles by its `q`:
/// `quantiles.0.95.ms`, and the element of another list by its number.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    places: BTreeMap<Rank, BTreeMap<String, usize>>,
}

impl Columns {
    /// Adds the columns of the rows of an example, also of fields that are null.
    pub(crate) fn add_example(&mut self, body: &Value, lists: &[&str]) {
        for row in rows(body, lists) {
            row.visit(&mut |rank, name, value| {
                if !is_empty_list(value) {
                    self.add(rank, name);
                }
            });
        }
    }

    /// Adds the columns of the rows of an answer. A field that is null or an empty list in all rows has none.
    pub(super) fn add_rows(&mut self, body: &Value, lists: &[&str]) {
        for row in rows(body, lists) {
            row.visit(&mut |rank, name, value| {
                if !value.is_null() && !is_empty_list(value) {
                    self.add(rank, name);
                }
            });
        }
    }

    /// Adds the columns that the schema of an answer has for the elements of these lists and what is beside
    /// the lists; without lists, for the answer itself. `definitions` has the schemas that it refers to.
    pub(crate) fn add_schema(
        &mut self,
        schema: &Value,
        definitions: &Map<String, Value>,
        lists: &[&str],
    ) {
        let schemas = Schemas { definitions };
        let body = schemas.resolve(schema);
        if lists.is_empty() && body["properties"].get("series").is_none() {
            self.add_fields(&schemas, "", body, DEPTH_MAX);
        }
        for list in lists.iter().filter_map(|list| body["properties"].get(list)) {
            self.add_plain_fields(&schemas, body);
            let element = schemas.resolve(&list["items"]);
            if !element["properties"].is_object() {
                self.add(Rank::Other, "value");
            }
            self.add_fields(&schemas, "", element, DEPTH_MAX);
            let nested = NESTED.into_iter().find_map(|name| element["properties"].get(name));
            if let Some(nested) = nested {
                self.add_fields(&schemas, "", schemas.resolve(&nested["items"]), DEPTH_MAX);
            }
        }
    }

    fn add(&mut self, rank: Rank, name: &str) {
        let names = self.places.entry(rank).or_default();
        if !names.contains_key(name) {
            names.insert(name.to_owned(), 0);
        }
    }

    /// Adds the texts and numbers of an object.
    fn add_plain_fields(&mut self, schemas: &Schemas<'_>, object: &Value) {
        for (name, schema) in object["properties"].as_object().into_iter().flatten() {
            let schema = schemas.resolve(schema);
            if schema["items"].is_null() && schema["properties"].is_null() {
                self.add(Rank::Other, name);
            }
        }
    }

    /// Adds the fields of an object, and of objects within it, by their paths.
    fn add_fields(&mut self, schemas: &Schemas<'_>, path: &str, object: &Value, depth: usize) {
        let Some(fields) = object["properties"].as_object() else { return };
        for (name, schema) in fields {
            let schema = schemas.resolve(schema);
            let column = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let rank = match column.as_str() {
                "t" => Rank::Time,
                "count" => Rank::Count,
                _ => Rank::Other,
            };
            let of_objects = schemas.resolve(&schema["items"])["properties"].is_object();
            if schema["properties"].is_object() {
                if depth > 0 {
                    self.add_fields(schemas, &column, schema, depth - 1);
                }
            } else if !of_objects && !schema["additionalProperties"].is_object() {
                self.add(rank, &column);
            }
        }
    }

    /// Gives each column its place and returns how many there are.
    pub(super) fn number(&mut self) -> usize {
        let places = self.places.values_mut().flat_map(BTreeMap::values_mut);
        places.enumerate().map(|(number, place)| *place = number).count()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.places.values().flat_map(BTreeMap::keys)
    }

    pub(super) fn place(&self, rank: Rank, name: &str) -> Option<usize> {
        self.places.get(&rank)?.get(name).copied()
    }
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
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
}
