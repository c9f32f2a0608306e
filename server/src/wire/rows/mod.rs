//! Answers as rows, for spreadsheets (CSV) and for large results (NDJSON).
//!
//! The rows of an answer are the points of its `series`, each with the labels of its series, or the elements
//! of other lists, each with the texts and numbers beside the lists. The windows of an element are rows of
//! their own. An answer without such lists is one row.

mod columns;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub(crate) use self::columns::Columns;
use self::columns::Rank;

type Object = Map<String, Value>;

/// Lists within an element whose elements are rows.
const NESTED: [&str; 2] = ["points", "windows"];

/// A row: what is beside the lists of the answer, the fields of an element, and those of one of its points.
struct Row<'a> {
    outer: Option<&'a Object>,
    series: Option<&'a Object>,
    element: &'a Value,
    /// The buckets of a heat map.
    buckets: &'a [Value],
}

/// One JSON object a line: the fields of a point beside those of its series.
pub(crate) fn to_ndjson(body: &Value, lists: &[&str]) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    for row in rows(body, lists) {
        match row.element {
            Value::Object(point) if row.series.is_some() || row.outer.is_some() => {
                let mut fields: BTreeMap<_, _> = row.outer_fields().collect();
                fields.extend(row.series_fields());
                fields.extend(point);
                let (name, buckets) = ("buckets".to_owned(), Value::from(row.buckets));
                if !row.buckets.is_empty() {
                    fields.insert(&name, &buckets);
                }
                serde_json::to_writer(&mut out, &fields)?;
            }
            element => serde_json::to_writer(&mut out, element)?,
        }
        out.push(b'\n');
    }
    Ok(out)
}

/// A header line and a line a row. The columns are those of the rows, and `columns` also without a row. A
/// field that a row lacks is empty.
pub(crate) fn to_csv(body: &Value, lists: &[&str], mut columns: Columns) -> csv::Result<Vec<u8>> {
    columns.add_rows(body, lists);
    let count = columns.number();
    let mut out = csv::Writer::from_writer(Vec::new());
    if count > 0 {
        out.write_record(columns.names())?;
    }
    let mut fields = vec![String::new(); count];
    for row in rows(body, lists) {
        fields.iter_mut().for_each(String::clear);
        row.visit(&mut |rank, name, value| {
            let place = columns.place(rank, name);
            if let Some(field) = place.and_then(|place| fields.get_mut(place)) {
                *field = text(value);
            }
        });
        out.write_record(&fields)?;
    }
    out.into_inner().map_err(|error| error.into_error().into())
}

/// The rows of an answer: those of its lists of these names or, when none is named, of its `series` or only
/// list.
fn rows<'a>(body: &'a Value, lists: &[&str]) -> Box<dyn Iterator<Item = Row<'a>> + 'a> {
    let single = || {
        Box::new(std::iter::once(Row { outer: None, series: None, element: body, buckets: &[] }))
    };
    let Value::Object(fields) = body else { return single() };
    let named = if lists.is_empty() { default_list(fields) } else { lists.to_vec() };
    let list = |name: &str| fields.get(name).and_then(Value::as_array);
    let found: Vec<&Vec<Value>> = named.iter().filter_map(|name| list(name)).collect();
    if found.is_empty() {
        return single();
    }
    let buckets = list("buckets").map_or(&[][..], Vec::as_slice);
    let outer = (!lists.is_empty()).then_some(fields);
    let elements = found.into_iter().flatten();
    Box::new(elements.flat_map(move |element| rows_of_element(outer, element, buckets)))
}

/// `series`, or the only list. `damaged` lists what is missing from the rows; it is sent as a header.
fn default_list(fields: &Object) -> Vec<&str> {
    if fields.get("series").is_some_and(Value::is_array) {
        return vec!["series"];
    }
    let mut others = fields.iter().filter(|(name, _)| *name != "damaged");
    match (others.next(), others.next()) {
        (Some((name, Value::Array(_))), None) => vec![name],
        _ => Vec::new(),
    }
}

fn rows_of_element<'a>(
    outer: Option<&'a Object>,
    element: &'a Value,
    buckets: &'a [Value],
) -> Box<dyn Iterator<Item = Row<'a>> + 'a> {
    let nested = NESTED.into_iter().find_map(|name| element.get(name)?.as_array());
    match (element, nested) {
        (Value::Object(series), Some(points)) => Box::new(points.iter().map(move |element| Row {
            outer,
            series: Some(series),
            element,
            buckets,
        })),
        _ => Box::new(std::iter::once(Row { outer, series: None, element, buckets })),
    }
}

type VisitColumn<'v> = dyn FnMut(Rank, &str, &Value) + 'v;

impl<'a> Row<'a> {
    /// The texts and numbers beside the lists of the answer.
    fn outer_fields(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        let is_plain = |value: &Value| !value.is_array() && !value.is_object() && !value.is_null();
        self.outer.into_iter().flatten().filter(move |(_, value)| is_plain(value))
    }

    fn series_fields(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        let is_nested = |name: &str| NESTED.contains(&name);
        self.series.into_iter().flatten().filter(move |(name, _)| !is_nested(name))
    }

    /// Calls `visit` with every column this row has a value for.
    fn visit(&self, visit: &mut VisitColumn<'_>) {
        let mut path = String::new();
        for (name, value) in self.outer_fields().chain(self.series_fields()) {
            visit_field(&mut path, name, value, visit);
        }
        let Value::Object(fields) = self.element else {
            return visit(Rank::Other, "value", self.element);
        };
        for (name, value) in fields {
            match value {
                Value::Array(counts) if name == "counts" && !self.buckets.is_empty() => {
                    self.visit_buckets(counts, visit);
                }
                value => visit_field(&mut path, name, value, visit),
            }
        }
    }

    /// The counts of a heat map, each under the borders of its bucket.
    fn visit_buckets(&self, counts: &[Value], visit: &mut VisitColumn<'_>) {
        for (number, (bucket, count)) in self.buckets.iter().zip(counts).enumerate() {
            let name = format!("counts.{}-{}ms", bucket["lower_ms"], bucket["upper_ms"]);
            visit(Rank::Bucket(number), &name, count);
        }
    }
}

fn visit_field(path: &mut String, name: &str, value: &Value, visit: &mut VisitColumn<'_>) {
    let rank = match name {
        "labels" if path.is_empty() && value.is_object() => {
            // Labels are columns of their own name.
            let labels = value.as_object().into_iter().flatten();
            return labels.for_each(|(label, value)| visit(Rank::Label, label, value));
        }
        "t" if path.is_empty() => Rank::Time,
        "count" if path.is_empty() => Rank::Count,
        _ => Rank::Other,
    };
    let above = path.len();
    if above > 0 {
        path.push('.');
    }
    path.push_str(name);
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| visit_field(path, name, value, visit));
        }
        Value::Array(list) if list.iter().any(|element| element.get("q").is_some()) => {
            for element in list {
                let q = element.get("q").map(Value::to_string).unwrap_or_default();
                for (name, value) in element.as_object().into_iter().flatten() {
                    if name != "q" {
                        visit_field(path, &format!("{q}.{name}"), value, visit);
                    }
                }
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for (number, element) in list.iter().enumerate() {
                visit_field(path, &number.to_string(), element, visit);
            }
        }
        value => visit(rank, path, value),
    }
    path.truncate(above);
}

/// A value as the text of a field; the elements of a list have `;` between them. Text that a spreadsheet
/// would run as a formula is quoted with an apostrophe (OWASP, "CSV Injection"): label values come from
/// outside.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => inert(text.clone()),
        Value::Array(list) => inert(list.iter().map(plain).collect::<Vec<_>>().join(";")),
        other => other.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn inert(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
