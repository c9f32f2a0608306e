use serde_json::json;

use super::*;

fn csv(body: &Value) -> String {
    csv_of(body, &[])
}

fn csv_of(body: &Value, lists: &[&str]) -> String {
    String::from_utf8(to_csv(body, lists, Columns::default()).expect("into memory")).expect("text")
}

fn ndjson(body: &Value) -> Vec<Value> {
    ndjson_of(body, &[])
}

fn ndjson_of(body: &Value, lists: &[&str]) -> Vec<Value> {
    let lines = to_ndjson(body, lists).expect("into memory");
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect()
}

#[test]
fn a_point_is_a_row_with_the_labels_of_its_series() {
    let body = json!({"damaged": ["a block"], "series": [
        {"labels": {"partner": "dhl", "operation": "a,b"}, "points": [
            {"t": "T1", "count": 2, "quantiles": [{"q": 0.5, "ms": 1.5}, {"q": 0.95, "ms": 3}]},
            {"t": "T2", "count": 1, "quantiles": [{"q": 0.95, "ms": 4}]},
        ]},
        {"labels": {"partner": "ups"}, "points": [{"t": "T1", "count": 0, "by": {"5xx": {"n": 7}}}]},
        {"labels": {"partner": "silent"}, "points": []},
    ]});
    let expected = "operation,partner,t,count,by.5xx.n,quantiles.0.5.ms,quantiles.0.95.ms\n\
            \"a,b\",dhl,T1,2,,1.5,3\n\
            \"a,b\",dhl,T2,1,,,4\n\
            ,ups,T1,0,7,,\n";
    assert_eq!(csv(&body), expected);
    let lines = ndjson(&body);
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[1],
        json!({"labels": {"partner": "dhl", "operation": "a,b"}, "t": "T2", "count": 1,
                   "quantiles": [{"q": 0.95, "ms": 4}]})
    );
}

#[test]
fn series_without_points_and_lists_have_a_row_an_element() {
    let freshness = json!({"series": [
        {"labels": {"partner": "dhl"}, "last_at": "T", "age_s": 1.5},
        {"labels": {"partner": "ups"}, "last_at": null, "age_s": null},
    ]});
    assert_eq!(csv(&freshness), "partner,age_s,last_at\ndhl,1.5,T\nups,,\n");
    let partners = json!({"partners": [{"partner": "dhl", "streams": ["a", "b"]}]});
    assert_eq!(csv(&partners), "partner,streams\ndhl,a;b\n");
    assert_eq!(ndjson(&partners), [json!({"partner": "dhl", "streams": ["a", "b"]})]);
}

#[test]
fn any_other_answer_is_one_row() {
    let body = json!({"partner": "dhl", "series": 4, "state": {"ok": true}});
    assert_eq!(csv(&body), "partner,series,state.ok\ndhl,4,true\n");
    assert_eq!(ndjson(&body), [body]);
    assert_eq!(csv(&json!({"series": []})), "");
    assert!(ndjson(&json!({"series": []})).is_empty());
}

#[test]
fn text_that_a_spreadsheet_would_run_is_quoted() {
    let body = json!({"rows": [{"a": "=1+1", "b": -1.5, "c": "x\"y"}]});
    assert_eq!(csv(&body), "a,b,c\n'=1+1,-1.5,\"x\"\"y\"\n");
}

#[test]
fn a_list_of_formulas_is_quoted_as_well() {
    let body = json!({"rows": [{"a": ["@x", "b"], "b": "\n=1", "c": "＝1"}]});
    assert_eq!(csv(&body), "a,b,c\n'@x;b,\"'\n=1\",'＝1\n");
}

#[test]
fn the_borders_of_a_heat_map_are_columns() {
    let body = json!({"buckets": [{"lower_ms": 500.0, "upper_ms": 1000.0}, {"lower_ms": 1000.0, "upper_ms": 2000.0}],
        "series": [{"labels": {"partner": "dhl"}, "points": [{"t": "T1", "count": 3, "counts": [1, 2]}]}]});
    let expected = "partner,t,count,counts.500.0-1000.0ms,counts.1000.0-2000.0ms\ndhl,T1,3,1,2\n";
    assert_eq!(csv(&body), expected);
    assert_eq!(ndjson(&body)[0]["buckets"], body["buckets"]);
}

#[test]
fn lists_that_are_named_are_rows_with_what_is_beside_them() {
    let health = json!({"partner": "dhl", "verdict": "healthy", "alerts": [{"id": 1}], "streams": [
        {"stream": "requests", "windows": [{"window_s": 300.0, "errors": {"value": 0.5}}, {"window_s": 3600.0}]},
    ]});
    assert_eq!(
        csv_of(&health, &["streams"]),
        "errors.value,partner,stream,verdict,window_s\n0.5,dhl,requests,healthy,300.0\n,dhl,requests,healthy,3600.0\n"
    );
    assert_eq!(
        ndjson_of(&health, &["streams"])[1],
        json!({"partner": "dhl", "verdict": "healthy", "stream": "requests", "window_s": 3600.0})
    );
    let noise = json!({"rules": [{"rule": "r", "alerts": 1}], "partners": [{"partner": "dhl", "alerts": 2}]});
    assert_eq!(csv_of(&noise, &["rules", "partners"]), "alerts,partner,rule\n1,,r\n2,dhl,\n");
    let values = json!({"name": "site", "values": ["a", "b"]});
    assert_eq!(csv_of(&values, &["values"]), "name,value\nsite,a\nsite,b\n");
}

#[test]
fn a_list_of_objects_has_a_column_an_element() {
    let body = json!({"rows": [{"explained": [{"to": "a"}, {"to": "b"}]}, {"explained": []}]});
    assert_eq!(csv(&body), "explained.0.to,explained.1.to\na,b\n,\n");
}

/// The header of an answer of this schema without rows.
fn header(schema: &Value, definitions: &Value, body: &Value, lists: &[&str]) -> String {
    let mut columns = Columns::default();
    columns.add_schema(schema, definitions.as_object().expect("an object"), lists);
    String::from_utf8(to_csv(body, lists, columns).expect("into memory")).expect("text")
}

#[test]
fn a_list_has_the_columns_of_its_schema_also_without_rows() {
    let schema = json!({"properties": {
        "rows": {"type": "array", "items": {"$ref": "#/$defs/One"}},
        "total": {"type": "integer"},
    }});
    let definitions = json!({"One": {"properties": {
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "windows": {"type": "array", "items": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Window"}]}},
    }}, "Window": {"properties": {
        "value": {"properties": {"lower": {"type": "number"}}},
        "count": {"type": "integer"},
        "t": {"type": "string"},
        "names": {"type": "array", "items": {"type": "string"}},
    }}});
    let empty = json!({"rows": [], "total": 0});
    let expected = "t,count,names,total,value.lower\n";
    assert_eq!(header(&schema, &definitions, &empty, &["rows"]), expected);
    let body = json!({"rows": [{"labels": {"partner": "dhl"}, "windows": [{"t": "T", "value": null}]}], "total": 1});
    let expected = "partner,t,count,names,total,value.lower\ndhl,T,,,1,\n";
    assert_eq!(header(&schema, &definitions, &body, &["rows"]), expected);
    let values = json!({"properties": {"name": {"type": "string"},
        "values": {"type": "array", "items": {"type": "string"}}}});
    let empty = json!({"name": "site", "values": []});
    assert_eq!(header(&values, &json!({}), &empty, &["values"]), "name,value\n");
    let single = json!({"properties": {"partner": {"type": "string"}, "age_s": {"type": ["number", "null"]}}});
    let body = json!({"partner": "dhl", "age_s": null});
    assert_eq!(header(&single, &json!({}), &body, &[]), "age_s,partner\n,dhl\n");
}

#[test]
fn series_have_the_columns_of_an_example_also_without_rows() {
    let example = json!({"series": [{"labels": {"site": ""}, "points": [{"t": "", "quantiles": [{"q": 0.95, "ms": 1}]}]}]});
    let mut columns = Columns::default();
    columns.add_example(&example, &[]);
    let empty = to_csv(&json!({"series": []}), &[], columns).expect("into memory");
    assert_eq!(empty, b"site,t,quantiles.0.95.ms\n");
}
