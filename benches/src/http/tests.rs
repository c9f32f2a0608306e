use super::*;

#[test]
fn a_metric_is_found_by_its_whole_name() {
    let text = "# TYPE a counter\na_total_more 3\na_total 7\n";
    assert_eq!(metric(text, "a_total"), Some(7.0));
    assert_eq!(metric(text, "a_tot"), None);
}
