use super::*;

fn found(dependencies: &[(&str, &[&str])]) -> Option<String> {
    let owned: Vec<(&str, Vec<String>)> = dependencies
        .iter()
        .map(|(name, on)| (*name, on.iter().map(ToString::to_string).collect()))
        .collect();
    let by_name = owned.iter().map(|(name, on)| (*name, on.as_slice())).collect();
    circle(by_name).map(|names| names.join(" "))
}

#[test]
fn circles_of_every_length_are_found() {
    assert_eq!(found(&[("a", &["a"])]).as_deref(), Some("a"));
    assert_eq!(found(&[("a", &["b"]), ("b", &["a"])]).as_deref(), Some("a b"));
    let long: &[(&str, &[&str])] =
        &[("in", &["b"]), ("b", &["end", "c"]), ("c", &["d"]), ("d", &["b"]), ("end", &[])];
    assert_eq!(found(long).as_deref(), Some("b c d"));
    let fine: &[(&str, &[&str])] = &[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])];
    assert_eq!(found(fine), None);
    assert_eq!(found(&[]), None);
}

#[test]
fn a_chain_may_be_as_long_as_a_file() {
    let names: Vec<String> = (0..2_000).map(|number| number.to_string()).collect();
    let on: Vec<Vec<String>> = (0..2_000).map(|it: i32| vec![(it + 1).to_string()]).collect();
    let chain = || names.iter().zip(&on).map(|(name, on)| (name.as_str(), on.as_slice()));
    assert_eq!(circle(chain().collect()), None);
    let back = vec!["0".to_owned()];
    let closed = chain().take(1_999).chain([(names[1_999].as_str(), back.as_slice())]);
    assert_eq!(circle(closed.collect()).map(|names| names.len()), Some(2_000));
}
