use serde_json::json;

use super::*;

fn csv(body: &Value) -> String {
    String::from_utf8(to_csv(body).expect("into memory")).expect("text")
}

fn ndjson(body: &Value) -> Vec<Value> {
    let lines = to_ndjson(body).expect("into memory");
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
    assert_eq!(csv(&partners), "partner,streams\ndhl,\"[\"\"a\"\",\"\"b\"\"]\"\n");
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
