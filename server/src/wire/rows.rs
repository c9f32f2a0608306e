//! Answers as rows, for spreadsheets (CSV) and for large results (NDJSON).
//!
//! The rows of an answer are the points of its `series`, each with the labels of its series. An
//! answer that is one list has a row for each element; any other answer is one row.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// A row: the fields of a series and those of one of its points.
struct Row<'a> {
    series: Option<&'a Object>,
    element: &'a Value,
}

/// One JSON object a line: the fields of a point beside the `labels` of its series.
pub(crate) fn to_ndjson(body: &Value) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    for row in rows(body) {
        match (row.series, row.element) {
            (Some(series), Value::Object(point)) => {
                let fields: BTreeMap<_, _> = series_fields(series).chain(point).collect();
                serde_json::to_writer(&mut out, &fields)?;
            }
            (_, element) => serde_json::to_writer(&mut out, element)?,
        }
        out.push(b'\n');
    }
    Ok(out)
}

/// A header line and a line a row. Columns are the labels, `t`, `count`, and the other fields in
/// the order of their names; a nested field is named by its path, and the element of a list of
/// quantiles by its `q`: `quantiles.0.95.ms`. A field that a row lacks is empty.
pub(crate) fn to_csv(body: &Value) -> csv::Result<Vec<u8>> {
    let columns = Columns::of(body);
    if columns.count == 0 {
        return Ok(Vec::new());
    }
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(columns.names())?;
    let mut fields = vec![String::new(); columns.count];
    for row in rows(body) {
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

/// The columns of an answer, each with its place.
struct Columns {
    places: BTreeMap<Rank, BTreeMap<String, usize>>,
    count: usize,
}

impl Columns {
    fn of(body: &Value) -> Self {
        let mut places: BTreeMap<Rank, BTreeMap<String, usize>> = BTreeMap::new();
        for row in rows(body) {
            row.visit(&mut |rank, name, _| {
                let names = places.entry(rank).or_default();
                if !names.contains_key(name) {
                    names.insert(name.to_owned(), 0);
                }
            });
        }
        let mut count = 0;
        for place in places.values_mut().flat_map(BTreeMap::values_mut) {
            *place = count;
            count += 1;
        }
        Self { places, count }
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        self.places.values().flat_map(BTreeMap::keys)
    }

    fn place(&self, rank: Rank, name: &str) -> Option<usize> {
        self.places.get(&rank)?.get(name).copied()
    }
}

/// The rows of an answer.
fn rows(body: &Value) -> Box<dyn Iterator<Item = Row<'_>> + '_> {
    let single = || Box::new(std::iter::once(Row { series: None, element: body }));
    let Value::Object(fields) = body else { return single() };
    // `damaged` lists what is missing from the rows; it is sent as a header.
    let mut lists = fields.iter().filter(|(name, _)| *name != "damaged");
    let list = match (fields.get("series"), lists.next(), lists.next()) {
        (Some(Value::Array(series)), ..) => series,
        (None, Some((_, Value::Array(list))), None) => list,
        _ => return single(),
    };
    Box::new(list.iter().flat_map(rows_of_element))
}

fn rows_of_element(element: &Value) -> Box<dyn Iterator<Item = Row<'_>> + '_> {
    match (element, element.get("points")) {
        (Value::Object(series), Some(Value::Array(points))) => {
            Box::new(points.iter().map(|element| Row { series: Some(series), element }))
        }
        _ => Box::new(std::iter::once(Row { series: None, element })),
    }
}

fn series_fields(series: &Object) -> impl Iterator<Item = (&String, &Value)> {
    series.iter().filter(|(name, _)| *name != "points")
}

/// The place of a column: labels come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Label,
    Time,
    Count,
    Other,
}

type VisitColumn<'v> = dyn FnMut(Rank, &str, &Value) + 'v;

impl Row<'_> {
    /// Calls `visit` with every column this row has a value for.
    fn visit(&self, visit: &mut VisitColumn<'_>) {
        let mut path = String::new();
        for (name, value) in self.series.into_iter().flat_map(series_fields) {
            visit_field(&mut path, name, value, visit);
        }
        match self.element {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| visit_field(&mut path, name, value, visit));
            }
            value => visit(Rank::Other, "value", value),
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
        value => visit(rank, path, value),
    }
    path.truncate(above);
}

/// A value as the text of a field. Text that a spreadsheet would run as a formula is quoted with an
/// apostrophe (OWASP, "CSV Injection"): label values come from outside.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
