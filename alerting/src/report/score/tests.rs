use super::*;

#[test]
fn an_incident_has_few_required_fields_and_errors_are_precise() {
    let read = |text: &str| Incident::read_list(text.as_bytes());
    let short = r#"[{"start":"2026-11-20T10:00:00Z","end":1795172400000,"partners":["dhl"]}]"#;
    let [incident] = read(short).unwrap().try_into().unwrap();
    assert_eq!((incident.id.as_str(), incident.kind.as_str()), ("dhl-1", "incident"));
    assert!(incident.incident && incident.must_notify);
    assert_eq!((incident.onset(), incident.end), (1_795_168_800_000, 1_795_172_400_000));
    let table = [
        (r#"[{"start":1795172400000,"end":1795168800000,"partners":["dhl"]}]"#, "ends before"),
        (r#"[{"start":1795168800000,"end":1795172400000,"partners":[]}]"#, "no partner"),
        (r#"[{"start":"soon","end":6,"partners":["dhl"]}]"#, "RFC 3339"),
        (r#"[{"start":1795168800,"end":1795172400,"partners":["dhl"]}]"#, "in seconds"),
        (r#"[{"start":true,"end":1795172400000,"partners":["dhl"]}]"#, "in quotes"),
        ("{}", "must be a list"),
    ];
    for (text, part) in table {
        let error = read(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}
