use super::*;

fn of(text: &str) -> Result<SweepRequest, String> {
    read(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn a_sweep_is_read_from_its_arguments() {
    let request = of("rule=r threshold=5%,1% for=0s").expect("a request");
    assert_eq!((request.rule.as_str(), request.holds), ("r", vec!["0s".to_owned()]));
    assert_eq!(request.thresholds, ["5%", "1%"]);
    for (text, part) in [
        ("threshold=1%", "rule=NAME"),
        ("rule=r colour=red", "colour=red"),
        ("rule=r 5%", "not `5%`"),
    ] {
        let error = of(text).expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
}
